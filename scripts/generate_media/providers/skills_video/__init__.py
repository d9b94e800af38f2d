"""skills.video: pictures and clips by many models."""
