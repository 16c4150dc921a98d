"""pycocoevalcap's side of score-meteor: a new Java process each time, as a script that scores once has it."""
from pycocoevalcap.meteor.meteor import Meteor

from peers.captions import quiet, tokens
from peers.serve import serve


def work():
    with quiet():
        references, candidates = tokens()
        Meteor().compute_score(references, candidates)
    return 1


serve(work)
