"""What the templates promise, held as properties over all environments."""
