"""Optuna's side of `captioner sweep`: hands out trials, decides which are pruned, and draws figures of a study.

`study.py trials` reads a line of JSON with the settings of the sweep, then writes a line for each trial and reads how it goes:

    < {"storage": …, "study": …, "facts": {…}, "space": {…}, "direction": "maximize", "trials": 12, "prune": true, "heartbeat": 30}
    > {"trial": 3, "run": "trial-0003", "values": {"units": 64}}
    < {"epoch": 1, "value": 0.31}
    > {"prune": false}
    < {"state": "complete", "value": 0.42}, or "pruned", "again", "failed"
    > {"end": {"complete": 9, "pruned": 3, "best": {…}}}

Its input closes when the command ends, whatever ended it; a trial that runs then is tried again. If this process ends too, the
heartbeat tells the other workers. `study.py figures` reads {"storage", "study"} and writes figures and trials."""

import json
import os
import random
import re
import select
import signal
import sys
import time
import warnings

try:
    import optuna
    import sqlalchemy
    from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback, fail_stale_trials
    from optuna.trial import TrialState
except ModuleNotFoundError as error:
    print(json.dumps({"error": f"{error.name} is not installed", "missing": True}), flush=True)
    sys.exit(1)

RETRIES = 5
"""A trial that takes its machine down with it must not do so for ever."""


class Ended(Exception):
    """The trial failed, was stopped, or is one too many."""


def say(**line):
    print(json.dumps(line), flush=True)


def hear():
    """The next line of the command; at its end, that the trial is to be tried again."""
    line = sys.stdin.readline()
    return json.loads(line) if line else {"state": "again", "last": True}


def open_storage(settings):
    """A database, which has heartbeats, so that trials of killed workers are noticed."""
    heartbeat = settings.get("heartbeat", 30)
    # SQLAlchemy's versions differ in the driver that they choose themselves.
    address = settings["storage"].replace("postgresql://", "postgresql+psycopg2://", 1)
    return RDBStorage(
        address,
        heartbeat_interval=max(1, heartbeat // 3),
        grace_period=heartbeat,
        heartbeat_stale_trial_callback=try_again,
        engine_kwargs={"pool_pre_ping": True},
    )


try_again = RetryHeartbeatStaleTrialCallback(max_retry=RETRIES, inherit_intermediate_values=True)


def open_together(settings):
    """Opens the storage, also while other workers that start at the same moment make its tables."""
    for pause in (0.5, 1, 2, 4, None):
        try:
            return open_storage(settings)
        except sqlalchemy.exc.DBAPIError as error:
            if pause is None or not re.search("already exists|duplicate key|UNIQUE constraint", str(error)):
                raise
            time.sleep(pause * (1 + random.random()))


def open_study(settings):
    study = optuna.create_study(
        storage=open_together(settings),
        study_name=settings["study"],
        load_if_exists=True,
        direction=settings["direction"],
        sampler=optuna.samplers.TPESampler(constant_liar=True),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=settings["startup"], n_warmup_steps=1),
    )
    if "facts" not in study.user_attrs:
        study.set_user_attr("facts", settings["facts"])
    return study


def counted(trial):
    """Whether a trial is one of those that were asked for: a failed one is replaced by another."""
    return trial.state != TrialState.FAIL


def suggest(trial, name, kind):
    if "choices" in kind:
        return trial.suggest_categorical(name, kind["choices"])
    draw = trial.suggest_int if kind["int"] else trial.suggest_float
    step = {} if kind.get("step") is None else {"step": kind["step"]}
    return draw(name, kind["low"], kind["high"], log=kind["log"], **step)


def run_trial(study, settings):
    """Hands out one trial and follows it to its end. Returns whether the command wants another."""
    stopped = {}

    def objective(trial):
        # Two workers may have asked at the same time.
        before = [one for one in study.get_trials(deepcopy=False) if one.number < trial.number and counted(one)]
        if len(before) >= settings["trials"]:
            raise Ended
        run = trial.user_attrs.get("run", f"trial-{trial.number:04d}")
        trial.set_user_attr("run", run)
        trial.set_user_attr("host", os.uname().nodename)
        values = {name: suggest(trial, name, kind) for name, kind in settings["space"].items()}
        # A trial that is tried again may have been told already.
        known = study.get_trials(deepcopy=False)[trial.number].intermediate_values
        say(trial=trial.number, run=run, values=values)
        while True:
            line = hear()
            if "epoch" in line:
                if line["epoch"] not in known:
                    trial.report(line["value"], line["epoch"])
                say(prune=settings["prune"] and bool(trial.should_prune()))
                continue
            if line.get("reason"):
                trial.set_user_attr("reason", line["reason"])
            if line["state"] == "complete":
                return line["value"]
            if line["state"] == "pruned":
                raise optuna.TrialPruned
            stopped.update(line)
            raise Ended

    def after(study, trial):
        if stopped.get("state") == "again":
            try_again(study, trial)

    study.optimize(objective, n_trials=1, catch=(Ended,), callbacks=[after])
    return not stopped.get("last")


def run_trials(settings):
    study = open_study(settings)
    facts = study.user_attrs["facts"]
    if facts != settings["facts"]:
        say(error="the study exists with other settings", facts=facts)
        return
    waiting = None
    while True:
        trials = study.get_trials(deepcopy=False)
        alive = [trial for trial in trials if counted(trial)]
        done = [trial for trial in alive if trial.state.is_finished()]
        if len(done) >= settings["trials"]:
            break
        if len(alive) < settings["trials"] or any(trial.state == TrialState.WAITING for trial in alive):
            if not run_trial(study, settings):
                return
            continue
        # The rest runs elsewhere, perhaps on a machine that is gone.
        if waiting != len(alive) - len(done):
            waiting = len(alive) - len(done)
            say(waiting=waiting)
        fail_stale_trials(study)
        # Between trials the command writes nothing, so that there is only its end to read.
        if select.select([sys.stdin], [], [], 1)[0]:
            return
    say(end=summary(study))


def summary(study):
    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    complete = states.count(TrialState.COMPLETE)
    found = {"complete": complete, "pruned": states.count(TrialState.PRUNED)}
    if complete:
        best = study.best_trial
        found["best"] = {
            "trial": best.number,
            "run": best.user_attrs.get("run"),
            "host": best.user_attrs.get("host"),
            "value": best.value,
            "values": best.params,
        }
    return found


def figures(settings):
    from optuna.importance import PedAnovaImportanceEvaluator
    from optuna.visualization import plot_parallel_coordinate, plot_param_importances

    study = optuna.load_study(study_name=settings["study"], storage=open_storage(settings))
    metric = study.user_attrs.get("facts", {}).get("metric", "value")
    trials = study.get_trials(deepcopy=False)
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    # Importance compares good trials with the others, and needs values that differ.
    drawn = {}
    if len({trial.value for trial in complete}) > 1:
        evaluator = PedAnovaImportanceEvaluator()
        drawn["importance"] = json.loads(plot_param_importances(study, evaluator=evaluator, target_name=metric).to_json())
        drawn["parallel"] = json.loads(plot_parallel_coordinate(study, target_name=metric).to_json())
    say(
        metric=metric,
        direction=study.direction.name.lower(),
        figures=drawn,
        trials=[
            {
                "trial": trial.number,
                "run": trial.user_attrs.get("run"),
                "state": trial.state.name.lower(),
                "value": trial.value,
                "values": trial.params,
            }
            for trial in trials
        ],
    )


def main(mode):
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # Ctrl-C reaches all of a terminal's processes; the command says what is to become of the trial.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        settings = json.loads(sys.stdin.readline())
        {"trials": run_trials, "figures": figures}[mode](settings)
    except optuna.exceptions.UpdateFinishedTrialError:
        say(error="silent for longer than the heartbeat, so another worker has its trial", lost=True)
        sys.exit(1)
    except Exception as error:  # the command has to say it
        reason, *_ = str(error).strip().splitlines() or [""]
        say(error=f"{type(error).__name__}: {reason}")
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
