"""Agnes AI: pictures and clips."""
