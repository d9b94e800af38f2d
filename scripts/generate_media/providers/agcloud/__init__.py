"""AGCloud's and Volcengine Ark's content-generation tasks."""
