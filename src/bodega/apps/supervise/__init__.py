"""The parts of `bodega up`: what is started, in which order, watched how, and said to whom."""
