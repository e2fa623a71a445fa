"""Blind rating: which of two pictures is better, asked without saying whose they are.

Pairs come from folders, runs, a table or the embedded generator (`vbanalysis rating draw`). Each rater
sees them in an order and on sides of their own. Every vote is on the disk before the next pair is shown.
"""

from vbanalysis.widgets.rating.desk import RatingDesk
from vbanalysis.widgets.rating.order import Trial, trials
from vbanalysis.widgets.rating.pairs import Pair, pairs_of_folders, pairs_of_runs, pairs_of_table
from vbanalysis.widgets.rating.session import RatingSession
from vbanalysis.widgets.rating.view import rate
from vbanalysis.widgets.rating.votes import CHOICES, Choice, Vote, VotesFile, export_votes, standing_votes

__all__ = [
    "CHOICES",
    "Choice",
    "Pair",
    "RatingDesk",
    "RatingSession",
    "Trial",
    "Vote",
    "VotesFile",
    "export_votes",
    "pairs_of_folders",
    "pairs_of_runs",
    "pairs_of_table",
    "rate",
    "standing_votes",
    "trials",
]
