"""The miniature: a small Stable Diffusion of our own, trained from scratch on drawn portraits.

`world` draws and describes pictures, the stages (`tokenizer`, `clip`, `autoencoder`, `unet`) learn
from them, `measure` says how well, and `python -m training.miniature.build` runs all in order.
"""
