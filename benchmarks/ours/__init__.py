"""What this project offers, measured through the same doors that an app uses."""
