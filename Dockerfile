# lit_coder for training in a container, on an NVIDIA GPU or on the CPU.
#
#     docker build -t lit-coder .
#     mkdir -p runs && docker run --rm --gpus all --ipc host --user "$(id -u):$(id -g)" \
#         --security-opt seccomp=unconfined --security-opt systempaths=unconfined \
#         -v "$PWD/runs:/work/runs" -v lit-coder-home:/home/lit_coder \
#         lit-coder fit --config configs/gpt_medium.yaml
#
# PyTorch's package for Linux on x86_64 brings its own CUDA libraries: the host needs NVIDIA's
# driver and container toolkit only. On a machine without a GPU leave `--gpus all` out and use a
# configuration for the CPU. The volume keeps tokenized corpora and compiled kernels. What stands
# between generated programs and the container is printed by `docker run ... lit-coder sandbox
# check`; docs/training.md says what `--user` and the security options are for.
#
# Another Debian with Python 3.10 or newer and pip: `--build-arg BASE_IMAGE=...`.
ARG BASE_IMAGE=python:3.11-slim
FROM ${BASE_IMAGE}

# bubblewrap: the stronger walls around programs. A compiler: torch.compile makes kernels with it.
RUN apt-get update \
    && apt-get install -y --no-install-recommends bubblewrap gcc g++ libc6-dev \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/lit_coder
COPY pyproject.toml README.md LICENSE ./
COPY lit_coder ./lit_coder
RUN pip install --no-cache-dir ".[quantize,hub]"

WORKDIR /work
COPY configs ./configs
# For whatever user it is started as: one that no password file names has no home and no name.
RUN mkdir -m 1777 /home/lit_coder runs
ENV HOME=/home/lit_coder USER=lit_coder PYTHONUNBUFFERED=1
ENTRYPOINT ["lit-coder"]
CMD ["--help"]
