// silu(gate) * up and its gradient. GatedSilu.cs holds the definition.

/// 1 / (1 + exp(-x)): the exact operations in fp32, the hardware's in 16 bits, whose rounding hides the difference.
DEVICE float sigmoid(float x)
{
#if STORAGE == 0
    return 1.0f / (1.0f + expf(-x));
#else
    return __fdividef(1.0f, 1.0f + __expf(-x));
#endif
}

DEVICE float silu(float x)
{
#if STORAGE == 0
    return x / (1.0f + expf(-x));
#else
    return __fdividef(x, 1.0f + __expf(-x));
#endif
}

struct gradients { float gate, up, product; };

DEVICE gradients backward(float dy, float gate, float up)
{
    float s = sigmoid(gate), active = rounded(silu(gate));
    gradients g = { rounded(dy * up) * s * (1.0f + gate * (1.0f - s)), active * dy, active * up };
    return g;
}

/// gate_up [T, 2·columns] -> product [T, columns]; the grid is T × parts of a row.
KERNEL gated_silu(const stored* gate_up, stored* product, int columns)
{
    int at = (blockIdx.y * blockDim.x + threadIdx.x) * LANES;
    if (at >= columns) return;
    const stored* row = gate_up + (long long)blockIdx.x * 2 * columns;
    uint4 gate = *(const uint4*)(row + at), up = *(const uint4*)(row + columns + at);
    floats g = unpack(gate), u = unpack(up);
#pragma unroll
    for (int k = 0; k < LANES; k++) g.at[k] = rounded(silu(g.at[k])) * u.at[k];
    *(uint4*)(product + (long long)blockIdx.x * columns + at) = pack(g);
}

KERNEL gated_silu_backward(const stored* dy, const stored* gate_up, stored* gradient, stored* product, int columns)
{
    int at = (blockIdx.y * blockDim.x + threadIdx.x) * LANES;
    if (at >= columns) return;
    long long start = (long long)blockIdx.x * columns;
    const stored* row = gate_up + 2 * start;
    uint4 packed_gate = *(const uint4*)(row + at), packed_up = *(const uint4*)(row + columns + at), packed_dy = *(const uint4*)(dy + start + at);
    floats gate = unpack(packed_gate), up = unpack(packed_up), d = unpack(packed_dy);
#pragma unroll
    for (int k = 0; k < LANES; k++)
    {
        gradients g = backward(d.at[k], gate.at[k], up.at[k]);
        gate.at[k] = g.gate;
        up.at[k] = g.up;
        d.at[k] = g.product;
    }
    *(uint4*)(gradient + 2 * start + at) = pack(gate);
    *(uint4*)(gradient + 2 * start + columns + at) = pack(up);
    *(uint4*)(product + start + at) = pack(d);
}

/// Any width and alignment, a number a thread.
KERNEL gated_silu_any(const stored* gate_up, stored* product, int columns)
{
    int at = blockIdx.y * blockDim.x + threadIdx.x;
    if (at >= columns) return;
    const stored* row = gate_up + (long long)blockIdx.x * 2 * columns;
    product[(long long)blockIdx.x * columns + at] = narrow(rounded(silu(widen(row[at]))) * widen(row[columns + at]));
}

KERNEL gated_silu_backward_any(const stored* dy, const stored* gate_up, stored* gradient, stored* product, int columns)
{
    int at = blockIdx.y * blockDim.x + threadIdx.x;
    if (at >= columns) return;
    long long start = (long long)blockIdx.x * columns;
    const stored* row = gate_up + 2 * start;
    gradients g = backward(widen(dy[start + at]), widen(row[at]), widen(row[columns + at]));
    gradient[2 * start + at] = narrow(g.gate);
    gradient[2 * start + columns + at] = narrow(g.up);
    product[start + at] = narrow(g.product);
}
