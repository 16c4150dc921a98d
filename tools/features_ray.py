"""Computes the shards of `captioner features` as Ray tasks, and merges them: Ray places them, and starts those whose process or machine is lost again.

    python tools/features_ray.py --data data/coco --parts shared/parts --shards 16 [--address auto] [-- --encoder mobilenet-v2 --size 96]

Needs `pip install ray` and, on every machine, this project under the same path, the dataset, and the folder of the parts. Without `--address`, Ray
runs on this machine alone; `--nodes 2` starts a cluster of two nodes here, to try it.
"""
import argparse
import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import time

import ray

home = pathlib.Path(__file__).resolve().parent.parent
captioner = ['node', str(home / 'lib' / 'bin' / 'captioner.js')]


def dies_with_parent():
    """Ends the captioner with the Ray worker that started it, so that no orphan holds the folder's lock."""
    if sys.platform == 'linux':
        ctypes.CDLL('libc.so.6').prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


@ray.remote(max_retries=5, retry_exceptions=[subprocess.CalledProcessError])
def shard(number, of, data, parts, options):
    """Computes a shard. Raises CalledProcessError, after which Ray tries again."""
    node = ray.get_runtime_context().get_node_id()[:6]
    command = [*captioner, 'features', '--data', data, '--shard', f'{number}/{of}', '--out', f'{parts}/{number}', *options]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=dies_with_parent)
    with open(f'{parts}/attempts.log', 'a') as log:
        log.write(f'{number} {os.getpid()} {child.pid} {node} {time.time():.1f}\n')
    _, errors = child.communicate()
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command, stderr=errors[-500:])
    return number, node


def connect(address, nodes):
    """Joins a cluster, or starts one of some nodes on this machine."""
    if address is not None or nodes == 1:
        return ray.init(address=address, include_dashboard=False) if address is None else ray.init(address=address)
    from ray.cluster_utils import Cluster

    # Ray replaces 127.0.0.1 by another address of the machine.
    first = {'num_cpus': 1, 'include_dashboard': False, 'node_ip_address': '127.0.0.2'}
    cluster = Cluster(initialize_head=True, head_node_args=first)
    for node in range(1, nodes):
        cluster.add_node(num_cpus=1, node_ip_address=f'127.0.0.{2 + node}')
    return ray.init(address=cluster.address)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', required=True, help='folder or archives of the dataset')
    parser.add_argument('--parts', required=True, help='folder for the parts, which all machines see')
    parser.add_argument('--shards', type=int, required=True, help='number of parts')
    parser.add_argument('--out', help='folder of the merged store (default: where training looks for it)')
    parser.add_argument('--cpus', type=float, default=1, help='cores that Ray counts for each part (default: 1)')
    parser.add_argument('--address', help='address of a Ray cluster, or auto')
    parser.add_argument('--nodes', type=int, default=1, help='nodes to start on this machine (default: 1)')
    parser.add_argument('options', nargs='*', help='further options of `captioner features`, after --')
    given = parser.parse_args()
    if given.shards < 1:
        parser.error(f'expected at least one shard, got {given.shards}')
    parts = os.path.abspath(given.parts)
    data = given.data if '://' in given.data or not os.path.exists(given.data) else os.path.abspath(given.data)
    os.makedirs(parts, exist_ok=True)
    connect(given.address, given.nodes)
    start = time.time()
    task = shard.options(num_cpus=given.cpus)
    waiting = [task.remote(number, given.shards, data, parts, given.options) for number in range(1, given.shards + 1)]
    while waiting:
        done, waiting = ray.wait(waiting)
        for number, node in ray.get(done):
            print(f'shard {number}/{given.shards} done on node {node} after {time.time() - start:.0f} s, {len(waiting)} left', flush=True)
    ray.shutdown()
    folders = [f'{parts}/{number}' for number in range(1, given.shards + 1)]
    out = ['--out', given.out] if given.out else []
    subprocess.run([*captioner, 'features', '--data', data, '--merge', *folders, *out], check=True)


if __name__ == '__main__':
    main()
