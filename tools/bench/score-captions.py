"""pycocoevalcap's side of score-captions."""
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge

from peers.captions import quiet, tokens
from peers.serve import serve


def work():
    with quiet():
        references, candidates = tokens()
        for metric in (Bleu(4), Rouge(), Cider()):
            metric.compute_score(references, candidates)
    return 1


serve(work)
