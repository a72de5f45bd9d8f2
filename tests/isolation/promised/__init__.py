"""What is promised of each app's routes, commands and tasks; `matrix` joins them."""
