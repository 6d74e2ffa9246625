// h = x + branch, y = h / sqrt(mean(h^2) + epsilon) * weight, and the gradient: one block a row. ResidualNorm.cs holds the definition.

/// x·r·weight, with x·r and the weight rounded first when the operators cast before they scale.
DEVICE float scaled(float x, float r, float weight, int cast_first)
{
    return cast_first ? rounded(x * r) * rounded(weight) : x * r * weight;
}

/// The row stays in registers, COUNT times LANES numbers a thread. No branch: h is x and is not written.
template <int COUNT>
DEVICE void residual_norm(const stored* x, const stored* branch, const void* weight, stored* h, stored* y,
    int n, float epsilon, int is_wide_weight, int cast_first)
{
    long long start = (long long)blockIdx.x * n;
    const uint4* x_row = (const uint4*)(x + start);
    const uint4* branch_row = (const uint4*)(branch + start);
    uint4 kept[COUNT], added[COUNT];
#pragma unroll
    for (int i = 0; i < COUNT; i++)
    {
        int at = threadIdx.x + i * blockDim.x;
        if (at * LANES >= n) continue;
        kept[i] = x_row[at];
        if (branch) added[i] = branch_row[at];
    }
    float squares = 0.0f;
#pragma unroll
    for (int i = 0; i < COUNT; i++)
    {
        int at = threadIdx.x + i * blockDim.x;
        if (at * LANES >= n) continue;
        floats f = unpack(kept[i]);
        if (branch)
        {
            floats b = unpack(added[i]);
#pragma unroll
            for (int k = 0; k < LANES; k++) f.at[k] += b.at[k];
            kept[i] = pack(f);
            ((uint4*)(h + start))[at] = kept[i];
            f = unpack(kept[i]);
        }
#pragma unroll
        for (int k = 0; k < LANES; k++) squares += f.at[k] * f.at[k];
    }
    float r = rsqrtf(block_sums(squares, 0.0f).x / n + epsilon);
#pragma unroll
    for (int i = 0; i < COUNT; i++)
    {
        int at = threadIdx.x + i * blockDim.x;
        if (at * LANES >= n) continue;
        floats f = unpack(kept[i]), w = lanes_of(weight, is_wide_weight, (long long)at * LANES);
#pragma unroll
        for (int k = 0; k < LANES; k++) f.at[k] = scaled(f.at[k], r, w.at[k], cast_first);
        ((uint4*)(y + start))[at] = pack(f);
    }
}

/// ((g - x·(mean(g·x)·r²))·r rounded + added) with g = dy·weight.
DEVICE float norm_gradient(float g, float x, float r, float along, float added)
{
    return rounded((g - x * along) * r) + added;
}

template <int COUNT>
DEVICE void residual_norm_backward(const stored* dy, const stored* h, const void* weight, const stored* added, stored* dx,
    int n, float epsilon, int is_wide_weight)
{
    long long start = (long long)blockIdx.x * n;
    uint4 kept[COUNT], gradient[COUNT], rest[COUNT];
#pragma unroll
    for (int i = 0; i < COUNT; i++)
    {
        int at = threadIdx.x + i * blockDim.x;
        if (at * LANES >= n) continue;
        kept[i] = ((const uint4*)(h + start))[at];
        gradient[i] = ((const uint4*)(dy + start))[at];
        rest[i] = ((const uint4*)(added + start))[at];
    }
    float squares = 0.0f, products = 0.0f;
#pragma unroll
    for (int i = 0; i < COUNT; i++)
    {
        int at = threadIdx.x + i * blockDim.x;
        if (at * LANES >= n) continue;
        floats f = unpack(kept[i]), g = unpack(gradient[i]), w = lanes_of(weight, is_wide_weight, (long long)at * LANES);
#pragma unroll
        for (int k = 0; k < LANES; k++)
        {
            squares += f.at[k] * f.at[k];
            products += g.at[k] * w.at[k] * f.at[k];
        }
    }
    float2 sums = block_sums(squares, products);
    float r = rsqrtf(sums.x / n + epsilon), along = sums.y * r * r / n;
#pragma unroll
    for (int i = 0; i < COUNT; i++)
    {
        int at = threadIdx.x + i * blockDim.x;
        if (at * LANES >= n) continue;
        floats f = unpack(kept[i]), g = unpack(gradient[i]), a = unpack(rest[i]);
        floats w = lanes_of(weight, is_wide_weight, (long long)at * LANES);
#pragma unroll
        for (int k = 0; k < LANES; k++) f.at[k] = norm_gradient(g.at[k] * w.at[k], f.at[k], r, along, a.at[k]);
        ((uint4*)(dx + start))[at] = pack(f);
    }
}

#define FORWARD(COUNT) \
    KERNEL __launch_bounds__(512) residual_norm_##COUNT(const stored* x, const stored* branch, const void* weight, stored* h, stored* y, \
        int n, float epsilon, int is_wide_weight, int cast_first) \
    { residual_norm<COUNT>(x, branch, weight, h, y, n, epsilon, is_wide_weight, cast_first); } \
    KERNEL __launch_bounds__(512) residual_norm_backward_##COUNT(const stored* dy, const stored* h, const void* weight, const stored* added, \
        stored* dx, int n, float epsilon, int is_wide_weight) \
    { residual_norm_backward<COUNT>(dy, h, weight, added, dx, n, epsilon, is_wide_weight); }

FORWARD(1)
FORWARD(2)
FORWARD(4)

/// Any width and alignment, a number at a time; the row is read twice.
KERNEL residual_norm_any(const stored* x, const stored* branch, const void* weight, stored* h, stored* y,
    int n, float epsilon, int is_wide_weight, int cast_first)
{
    long long start = (long long)blockIdx.x * n;
    float squares = 0.0f;
    for (int i = threadIdx.x; i < n; i += blockDim.x)
    {
        float f = widen(x[start + i]);
        if (branch)
        {
            f = rounded(f + widen(branch[start + i]));
            h[start + i] = narrow(f);
        }
        squares += f * f;
    }
    float r = rsqrtf(block_sums(squares, 0.0f).x / n + epsilon);
    const stored* source = branch ? h : x; // each thread reads back what it wrote itself
    for (int i = threadIdx.x; i < n; i += blockDim.x)
        y[start + i] = narrow(scaled(widen(source[start + i]), r, one_of(weight, is_wide_weight, i), cast_first));
}

KERNEL residual_norm_backward_any(const stored* dy, const stored* h, const void* weight, const stored* added, stored* dx,
    int n, float epsilon, int is_wide_weight)
{
    long long start = (long long)blockIdx.x * n;
    float squares = 0.0f, products = 0.0f;
    for (int i = threadIdx.x; i < n; i += blockDim.x)
    {
        float f = widen(h[start + i]);
        squares += f * f;
        products += widen(dy[start + i]) * one_of(weight, is_wide_weight, i) * f;
    }
    float2 sums = block_sums(squares, products);
    float r = rsqrtf(sums.x / n + epsilon), along = sums.y * r * r / n;
    for (int i = threadIdx.x; i < n; i += blockDim.x)
    {
        float g = widen(dy[start + i]) * one_of(weight, is_wide_weight, i);
        dx[start + i] = narrow(norm_gradient(g, widen(h[start + i]), r, along, widen(added[start + i])));
    }
}
