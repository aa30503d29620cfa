"""The Kubernetes Job in deploy/: its parts agree, and each pod becomes the worker that it should be."""

import importlib.util
import json
import os
import re
import subprocess
import sys

import pytest
import yaml

from deploy.job_worker import config_of_pod
from scripts import ROOT
from scripts.distributed import workers


@pytest.fixture(scope="module")
def parts():
    """What kubernetes_job.yaml describes, by kind."""
    text = (ROOT / "deploy" / "kubernetes_job.yaml").read_text(encoding="utf-8")
    return {one["kind"]: one for one in yaml.safe_load_all(text)}


@pytest.fixture(scope="module")
def pod(parts):
    return parts["Job"]["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def container(pod):
    (only,) = pod["containers"]
    return only


@pytest.fixture(scope="module")
def variables(container):
    return {one["name"]: one["value"] for one in container["env"]}


def test_counts_names_and_ports_agree(parts, pod, container, variables):
    job, service = parts["Job"], parts["Service"]
    (port,) = {one["port"] for one in service["spec"]["ports"]}
    assert [one["containerPort"] for one in container["ports"]] == [port]
    assert job["spec"]["completionMode"] == "Indexed"
    count = job["spec"]["completions"]
    assert count == job["spec"]["parallelism"] == 3
    assert pod["subdomain"] == service["metadata"]["name"]
    names = [f"{job['metadata']['name']}-{i}.{service['metadata']['name']}:{port}" for i in range(count)]
    assert variables["WORKERS"].split(",") == names


def test_service_and_policy_choose_the_pods_of_the_job(parts, pod):
    labels = parts["Job"]["spec"]["template"]["metadata"]["labels"]
    (spread,) = pod["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == labels
    service, policy = parts["Service"]["spec"], parts["NetworkPolicy"]["spec"]
    assert service["clusterIP"] == "None" and service["publishNotReadyAddresses"] is True
    assert service["selector"] == policy["podSelector"]["matchLabels"] == labels
    (rule,) = policy["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": labels}}]
    assert [one["port"] for one in rule["ports"]] == [one["port"] for one in service["ports"]]


def test_one_that_dies_makes_all_start_again_and_the_last_failure_ends_all(parts, pod):
    job = parts["Job"]["spec"]
    assert pod["restartPolicy"] == "Never" and job["podReplacementPolicy"] == "Failed"
    assert job["backoffLimitPerIndex"] >= 1 and job["maxFailedIndexes"] == 0
    assert job["activeDeadlineSeconds"] > 0


def test_checkpoints_lie_where_all_pods_can_read_them(parts, pod, container):
    command = container["command"]
    folder = command[command.index("--folder") + 1]
    (mount,) = [one for one in container["volumeMounts"] if one["mountPath"] == folder]
    (volume,) = [one for one in pod["volumes"] if one["name"] == mount["name"]]
    claim = parts["PersistentVolumeClaim"]
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]


def test_pods_are_not_root_and_hold_no_secret(parts, pod, container):
    rights, own = pod["securityContext"], container["securityContext"]
    assert rights["runAsNonRoot"] is True and rights["runAsUser"] > 0
    assert own["allowPrivilegeEscalation"] is False and own["capabilities"] == {"drop": ["ALL"]}
    assert own["readOnlyRootFilesystem"] is True and pod["automountServiceAccountToken"] is False
    assert "Secret" not in parts and "secret" not in json.dumps(parts).lower()
    assert container["resources"]["limits"]["memory"] and container["resources"]["requests"]["cpu"]


def test_the_command_names_modules_that_exist(container):
    command = container["command"]
    assert command[:2] == ["python", "-m"]
    for module in command[2:4]:
        assert importlib.util.find_spec(module), module


@pytest.mark.parametrize("index", range(3))
def test_pod_i_is_task_i(variables, index):
    told = json.loads(config_of_pod(variables | {"JOB_COMPLETION_INDEX": str(index)}))
    assert told["task"] == {"type": "worker", "index": index}
    assert told["cluster"] == {"worker": variables["WORKERS"].split(",")}


def as_pod(variables: dict, index: str, *command: str) -> subprocess.Popen:
    """A process with the variables of the pod of this index."""
    told = {**os.environ, **variables, "JOB_COMPLETION_INDEX": index, "PYTHONPATH": str(ROOT)}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-m", *command], env=told, cwd=ROOT, **streams)


def test_the_entry_starts_the_program_as_the_pods_task(container, variables):
    program = "tests.programs.tells_its_place"
    with as_pod(
        {"WORKERS": variables["WORKERS"]}, "2", container["command"][2], program, "--steps", "7"
    ) as one:
        said, wrong = one.communicate(timeout=60)
    assert (one.returncode, wrong) == (0, "")
    told = json.loads(said)
    assert told["arguments"] == ["--steps", "7"]
    assert json.loads(told["TF_CONFIG"]) == json.loads(workers.tf_config(variables["WORKERS"].split(","), 2))


def test_the_three_machines_of_the_readme_are_one_cluster():
    lines = re.findall(r"^export TF_CONFIG='(.*)'$", (ROOT / "deploy" / "README.md").read_text("utf-8"), re.M)
    told = [json.loads(one) for one in lines]
    assert [one["task"] for one in told] == [{"type": "worker", "index": i} for i in range(3)]
    addresses = told[0]["cluster"]["worker"]
    assert told == [json.loads(workers.tf_config(addresses, i)) for i in range(len(addresses))]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"WORKERS": ""}, "WORKERS is not set"),
        ({"WORKERS": "a:1,b"}, "'b', which is no host:port"),
        ({"WORKERS": "a:1,a:1"}, "an address twice"),
        ({"JOB_COMPLETION_INDEX": "2"}, "'2'; with 2 workers it is 0 to 1"),
        ({"JOB_COMPLETION_INDEX": "-1"}, "'-1'; with 2 workers"),
        ({"JOB_COMPLETION_INDEX": ""}, "''; with 2 workers"),
    ],
)
def test_a_pod_that_is_told_nonsense_says_so_in_one_line(wrong, words):
    with pytest.raises(ValueError) as problem:
        config_of_pod({"WORKERS": "a:1,b:1", "JOB_COMPLETION_INDEX": "0"} | wrong)
    assert words in str(problem.value) and "\n" not in str(problem.value)


def test_a_pod_without_an_index_ends_before_the_program_starts(variables):
    with as_pod(variables, "", "deploy.job_worker", "tests.programs.tells_its_place") as one:
        said, wrong = one.communicate(timeout=60)
    assert one.returncode == 1 and said == ""
    assert wrong.splitlines() == ["JOB_COMPLETION_INDEX is ''; with 3 workers it is 0 to 2"]


def first_step(said: str) -> int:
    return int(re.search(r"step (\d+),", said)[1])


@pytest.mark.long
def test_the_jobs_own_command_goes_on_after_one_pod_was_killed(container, tmp_path):
    """Two pods run here, on loopback: one is killed, the other fails, both go on from the last checkpoint."""
    command = ["20" if word == "1000" else word for word in container["command"]]
    command[command.index("--folder") + 1] = str(tmp_path)
    told = {"COURSE_OFFLINE": "1", "TF_NUM_INTRAOP_THREADS": "1", "no_grpc_proxy": workers.LOOPBACK}
    told["PYTHONUNBUFFERED"] = "1"

    def start() -> list[subprocess.Popen]:
        addresses = ",".join(workers.cluster_of(2))
        return [as_pod(told | {"WORKERS": addresses}, str(i), *command[2:]) for i in range(2)]

    pods = start()
    try:
        for line in pods[0].stdout:
            if line.startswith("step 12,"):
                break
        pods[1].kill()
        for one in pods:
            one.communicate(timeout=60)
        assert all(one.returncode for one in pods)
        pods += start()
        said = [one.communicate(timeout=90)[0] for one in pods[2:]]
    finally:
        for one in pods:
            one.kill()
            one.wait()
    assert [one.returncode for one in pods[2:]] == [0, 0]
    assert [first_step(one) for one in said] == [11, 11]
    assert len({one.splitlines()[-1] for one in said}) == 1 and "step 20," in said[0]
