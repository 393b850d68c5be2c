"""The way from the hub to the sockets: encode once, share, one write per connection per turn."""
