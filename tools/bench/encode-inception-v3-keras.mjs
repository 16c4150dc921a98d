/** Our side of encode-inception-v3-keras: the same as against PyTorch. */
import './encode-inception-v3.mjs';
