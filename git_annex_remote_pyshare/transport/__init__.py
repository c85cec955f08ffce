"""HTTP for all backends that speak it: connections, bodies, what an answer holds, and what a broken one means."""
