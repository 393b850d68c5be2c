"""What lasts on the disk, whatever happens to the power."""
