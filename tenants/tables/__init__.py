"""Tables in and out: files that people fill in, previewed before anything is changed."""
