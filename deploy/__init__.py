"""What puts Fangpin on a machine and looks after it there; no service imports it."""
