"""The invisible watermark: a number of 40 bits in the luma of a released image, found again without
the original. What the number stands for is in the records; nothing here knows.

    carrier.py    a periodic pattern of sinusoids, which the key chooses
    code.py       number → 64 bits with a keyed tag → convolutional code, and back
    embedding.py  into an image, as strong as a PSNR allows
    detection.py  out of one, whatever its scale and crop, with a bound on false alarms
"""
