"""The device that PyTorch computes on: a GPU where there is one, as TensorFlow does. New tensors and modules are made there."""
import torch

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
if device.type == "cuda":
    torch.set_default_device(device)
    # TensorFlow multiplies with TF32 by default; NVIDIA_TF32_OVERRIDE=0 switches it off for both.
    torch.set_float32_matmul_precision("high")
