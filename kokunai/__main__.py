"""`python -m kokunai`, where the console script is not on PATH."""

from kokunai.cli import main

main()
