// silu(gate) * up and its gradient where gate, up and dy still lack a product of low rank, which is added while they are read.
// LowRankGatedSilu.cs holds the definition; the roundings are those of adding first. Each thread keeps its columns of the factors in
// registers and walks down ROWS rows, whose low products the block shares.

#define RANK 8
#define ROWS 32

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

struct two { float at[2]; };

DEVICE two load_two(const stored* p)
{
    two f;
#if STORAGE == 0
    float2 pair = *(const float2*)p;
    f.at[0] = pair.x;
    f.at[1] = pair.y;
#else
    u32 pair = *(const u32*)p;
    f.at[0] = widen((stored)(pair & 0xffffu));
    f.at[1] = widen((stored)(pair >> 16));
#endif
    return f;
}

DEVICE void store_two(stored* p, const two& f)
{
#if STORAGE == 0
    *(float2*)p = make_float2(f.at[0], f.at[1]);
#else
    *(u32*)p = narrow_pair(f.at[0], f.at[1]);
#endif
}

/// Ranks start .. start + count of the block's rows of low [rows, ranks], zeros to RANK.
DEVICE void share_low(float (*shared)[RANK], const stored* low, int ranks, int start, int count, int first, int here)
{
    for (int i = threadIdx.x; i < ROWS * RANK; i += blockDim.x)
    {
        int row = i / RANK, r = i % RANK;
        shared[row][r] = row < here && r < count ? widen(low[(long long)(first + row) * ranks + start + r]) : 0.0f;
    }
}

/// Two columns of the factor's rows start .. start + count, zeros to RANK.
DEVICE void load_factor(two* own, const stored* factor, int width, int start, int count, int at)
{
#pragma unroll
    for (int r = 0; r < RANK; r++)
    {
        two zero = { { 0.0f, 0.0f } };
        own[r] = r < count ? load_two(factor + (long long)(start + r) * width + at) : zero;
    }
}

DEVICE two added(two base, const float* low, const two* factor)
{
#pragma unroll
    for (int r = 0; r < RANK; r++)
    {
        base.at[0] += low[r] * factor[r].at[0];
        base.at[1] += low[r] * factor[r].at[1];
    }
    base.at[0] = rounded(base.at[0]);
    base.at[1] = rounded(base.at[1]);
    return base;
}

DEVICE two active_product(two gate, two up)
{
    gate.at[0] = rounded(silu(gate.at[0])) * up.at[0];
    gate.at[1] = rounded(silu(gate.at[1])) * up.at[1];
    return gate;
}

/// gate_up [rows, 2·columns] + low · factor -> product [rows, columns]; four columns a thread.
KERNEL low_rank_gated_silu(const stored* __restrict__ gate_up, const stored* __restrict__ low, const stored* __restrict__ factor,
    stored* __restrict__ product, int rows, int columns, int ranks, int gate_count, int up_start, int up_count)
{
    __shared__ float gate_low[ROWS][RANK], up_low[ROWS][RANK];
    int first = blockIdx.x * ROWS, here = min(ROWS, rows - first);
    share_low(gate_low, low, ranks, 0, gate_count, first, here);
    share_low(up_low, low, ranks, up_start, up_count, first, here);
    __syncthreads();
    int at = (blockIdx.y * blockDim.x + threadIdx.x) * 4;
    if (at >= columns) return;

    two gate_factor[2][RANK], up_factor[2][RANK];
#pragma unroll
    for (int half = 0; half < 2; half++)
    {
        load_factor(gate_factor[half], factor, 2 * columns, 0, gate_count, at + 2 * half);
        load_factor(up_factor[half], factor, 2 * columns, up_start, up_count, columns + at + 2 * half);
    }
    const stored* source = gate_up + (long long)first * 2 * columns + at;
    stored* target = product + (long long)first * columns + at;
#pragma unroll 2
    for (int row = 0; row < here; row++)
    {
        two gate[2], up[2];
#pragma unroll
        for (int half = 0; half < 2; half++)
        {
            gate[half] = load_two(source + 2 * half);
            up[half] = load_two(source + columns + 2 * half);
        }
#pragma unroll
        for (int half = 0; half < 2; half++)
        {
            two y = active_product(added(gate[half], gate_low[row], gate_factor[half]), added(up[half], up_low[row], up_factor[half]));
            store_two(target + 2 * half, y);
        }
        source += 2 * columns;
        target += columns;
    }
}

/// (dy + dy_low · dy_factor) [rows, columns] -> the gradient of gate and up, and their product; two columns a thread.
KERNEL low_rank_gated_silu_backward(const stored* __restrict__ dy, const stored* __restrict__ dy_low, const stored* __restrict__ dy_factor,
    const stored* __restrict__ gate_up, const stored* __restrict__ low, const stored* __restrict__ factor,
    stored* __restrict__ gradient, stored* __restrict__ product,
    int rows, int columns, int dy_ranks, int ranks, int gate_count, int up_start, int up_count)
{
    __shared__ float gate_low[ROWS][RANK], up_low[ROWS][RANK], own_low[ROWS][RANK];
    int first = blockIdx.x * ROWS, here = min(ROWS, rows - first);
    share_low(gate_low, low, ranks, 0, gate_count, first, here);
    share_low(up_low, low, ranks, up_start, up_count, first, here);
    share_low(own_low, dy_low, dy_ranks, 0, dy_ranks, first, here);
    __syncthreads();
    int at = (blockIdx.y * blockDim.x + threadIdx.x) * 2;
    if (at >= columns) return;

    two gate_factor[RANK], up_factor[RANK], own_factor[RANK];
    load_factor(gate_factor, factor, 2 * columns, 0, gate_count, at);
    load_factor(up_factor, factor, 2 * columns, up_start, up_count, columns + at);
    load_factor(own_factor, dy_factor, columns, 0, dy_ranks, at);
    long long narrow_at = (long long)first * columns + at, wide_at = (long long)first * 2 * columns + at;
#pragma unroll 2
    for (int row = 0; row < here; row++)
    {
        two d = load_two(dy + narrow_at), gate = load_two(gate_up + wide_at), up = load_two(gate_up + wide_at + columns);
        d = added(d, own_low[row], own_factor);
        gate = added(gate, gate_low[row], gate_factor);
        up = added(up, up_low[row], up_factor);
        two y, d_gate, d_up;
#pragma unroll
        for (int k = 0; k < 2; k++)
        {
            float s = sigmoid(gate.at[k]), active = rounded(silu(gate.at[k]));
            d_gate.at[k] = rounded(d.at[k] * up.at[k]) * s * (1.0f + gate.at[k] * (1.0f - s));
            d_up.at[k] = active * d.at[k];
            y.at[k] = active * up.at[k];
        }
        store_two(gradient + wide_at, d_gate);
        store_two(gradient + wide_at + columns, d_up);
        store_two(product + narrow_at, y);
        narrow_at += columns;
        wide_at += 2 * columns;
    }
}
