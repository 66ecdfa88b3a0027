"""What enlarging is worth beside Lanczos: `python -m benchmarks.upscaling`.

Pictures that the miniature never saw are drawn large and reduced, so that what was lost is known;
`ways` enlarges them again, `readings` judges and keeps the results, `page` makes the table of them.
"""
