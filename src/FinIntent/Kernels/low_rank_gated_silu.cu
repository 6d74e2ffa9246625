// silu(gate) * up and its gradient where gate, up and dy still lack a product of low rank, which the tensor cores add while they are read.
// LowRankGatedSilu.cs holds the definition; the roundings are those of adding first. 16-bit storage only.
//
// A warp walks down ROWS rows of 64 columns, sixteen rows at a time, by mma.m16n8k8: the sum is the accumulator, the low products are the
// left factor. Lane (g, t) = (lane / 4, lane % 4) holds rows g and g + 8, and of these the columns 8t .. 8t + 7 and 32 + 8t .. 32 + 8t + 7:
// two loads of sixteen bytes each. Which columns stand side by side in a product is free, so product j, of eight, has as its columns
// 2t and 2t + 1 the lane's pair j.

#define ROWS 64
#define PAIRS 8

DEVICE float sigmoid(float x) { return __fdividef(1.0f, 1.0f + __expf(-x)); }

DEVICE float silu(float x) { return __fdividef(x, 1.0f + __expf(-x)); }

DEVICE float low_of(u32 pair) { return widen((stored)(pair & 0xffffu)); }

DEVICE float high_of(u32 pair) { return widen((stored)(pair >> 16)); }

/// The lane's sixteen columns of one row, as pairs.
struct strip { u32 pair[PAIRS]; };

DEVICE strip load_strip(const stored* row, int lane_column, bool is_there)
{
    uint4 a = make_uint4(0, 0, 0, 0), b = a;
    if (is_there)
    {
        a = *(const uint4*)(row + lane_column);
        b = *(const uint4*)(row + lane_column + 32);
    }
    strip s = { { a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w } };
    return s;
}

DEVICE void store_strip(stored* row, int lane_column, const strip& s)
{
    *(uint4*)(row + lane_column) = make_uint4(s.pair[0], s.pair[1], s.pair[2], s.pair[3]);
    *(uint4*)(row + lane_column + 32) = make_uint4(s.pair[4], s.pair[5], s.pair[6], s.pair[7]);
}

/// The right factors of the eight products: ranks 2t and 2t + 1 of the column that is number g of product j.
DEVICE strip load_factor(const stored* factor, int width, int start, int count, int warp_column)
{
    int g = (threadIdx.x & 31) >> 2, r = 2 * (threadIdx.x & 3);
    strip s;
#pragma unroll
    for (int j = 0; j < PAIRS; j++)
    {
        int column = warp_column + (j >> 2) * 32 + (g >> 1) * 8 + (j & 3) * 2 + (g & 1);
        u32 a = r < count ? factor[(long long)(start + r) * width + column] : 0;
        u32 b = r + 1 < count ? factor[(long long)(start + r + 1) * width + column] : 0;
        s.pair[j] = a | (b << 16);
    }
    return s;
}

/// The left factor: ranks 2t and 2t + 1 of a row.
DEVICE u32 load_low(const stored* low, int ranks, int start, int count, int row, bool is_there)
{
    int r = 2 * (threadIdx.x & 3);
    const stored* p = low + (long long)row * ranks + start + r;
    u32 a = is_there && r < count ? p[0] : 0, b = is_there && r + 1 < count ? p[1] : 0;
    return a | (b << 16);
}

/// Pair j of the rows g and g + 8 with their low-rank part added, rounded as stored.
DEVICE void add_low(u32& top, u32& bottom, u32 low_top, u32 low_bottom, u32 factor)
{
    float c0 = low_of(top), c1 = high_of(top), c2 = low_of(bottom), c3 = high_of(bottom);
#ifndef __CUDA_ARCH__
    // The same product by exchange between the lanes, for a C++ compiler.
    int g = (threadIdx.x & 31) >> 2, t = threadIdx.x & 3;
    for (int k = 0; k < 8; k++)
    {
        u32 a = __shfl_sync(0xffffffffu, low_top, 4 * g + k / 2), b = __shfl_sync(0xffffffffu, low_bottom, 4 * g + k / 2);
        u32 first = __shfl_sync(0xffffffffu, factor, 8 * t + k / 2), second = __shfl_sync(0xffffffffu, factor, 8 * t + 4 + k / 2);
        float at = k & 1 ? high_of(a) : low_of(a), bt = k & 1 ? high_of(b) : low_of(b);
        float x = k & 1 ? high_of(first) : low_of(first), y = k & 1 ? high_of(second) : low_of(second);
        c0 += at * x;
        c1 += at * y;
        c2 += bt * x;
        c3 += bt * y;
    }
#elif STORAGE == 1
    asm("mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+f"(c0), "+f"(c1), "+f"(c2), "+f"(c3) : "r"(low_top), "r"(low_bottom), "r"(factor));
#else
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+f"(c0), "+f"(c1), "+f"(c2), "+f"(c3) : "r"(low_top), "r"(low_bottom), "r"(factor));
#endif
    top = narrow_pair(c0, c1);
    bottom = narrow_pair(c2, c3);
}

DEVICE u32 product_of(u32 gate, u32 up)
{
    return narrow_pair(rounded(silu(low_of(gate))) * low_of(up), rounded(silu(high_of(gate))) * high_of(up));
}

DEVICE float gate_gradient(float dy, float gate, float up)
{
    float s = sigmoid(gate);
    return rounded(dy * up) * s * (1.0f + gate * (1.0f - s));
}

struct gradients { u32 gate, up, product; };

DEVICE gradients backward(u32 dy, u32 gate, u32 up)
{
    float a = rounded(silu(low_of(gate))), b = rounded(silu(high_of(gate)));
    gradients g =
    {
        narrow_pair(gate_gradient(low_of(dy), low_of(gate), low_of(up)), gate_gradient(high_of(dy), high_of(gate), high_of(up))),
        narrow_pair(a * low_of(dy), b * high_of(dy)),
        narrow_pair(a * low_of(up), b * high_of(up)),
    };
    return g;
}

/// Rows from start to end of gate_up [·, 2·columns] + low · factor -> product [·, columns], of a warp's columns.
DEVICE void gated_silu_rows(const stored* __restrict__ gate_up, const stored* __restrict__ low, stored* __restrict__ product, int start, int end,
    int columns, int warp_column, int ranks, int gate_count, int up_start, int up_count, const strip& gate_factor, const strip& up_factor)
{
    int lane = threadIdx.x & 31, at = warp_column + (lane & 3) * 8;
    for (int first = start; first < end; first += 16)
    {
        int top = first + (lane >> 2), bottom = top + 8;
        bool has_top = top < end, has_bottom = bottom < end;
        const stored *top_row = gate_up + (long long)top * 2 * columns, *bottom_row = gate_up + (long long)bottom * 2 * columns;
        strip gate_top = load_strip(top_row, at, has_top), gate_bottom = load_strip(bottom_row, at, has_bottom);
        strip up_top = load_strip(top_row + columns, at, has_top), up_bottom = load_strip(bottom_row + columns, at, has_bottom);
        u32 gate_low_top = load_low(low, ranks, 0, gate_count, top, has_top), gate_low_bottom = load_low(low, ranks, 0, gate_count, bottom, has_bottom);
        u32 up_low_top = load_low(low, ranks, up_start, up_count, top, has_top), up_low_bottom = load_low(low, ranks, up_start, up_count, bottom, has_bottom);
#pragma unroll
        for (int j = 0; j < PAIRS; j++)
        {
            add_low(gate_top.pair[j], gate_bottom.pair[j], gate_low_top, gate_low_bottom, gate_factor.pair[j]);
            add_low(up_top.pair[j], up_bottom.pair[j], up_low_top, up_low_bottom, up_factor.pair[j]);
            gate_top.pair[j] = product_of(gate_top.pair[j], up_top.pair[j]);
            gate_bottom.pair[j] = product_of(gate_bottom.pair[j], up_bottom.pair[j]);
        }
        if (has_top) store_strip(product + (long long)top * columns, at, gate_top);
        if (has_bottom) store_strip(product + (long long)bottom * columns, at, gate_bottom);
    }
}

/// gate_up [rows, 2·columns] + low · factor -> product [rows, columns].
KERNEL __launch_bounds__(128) low_rank_gated_silu(const stored* __restrict__ gate_up, const stored* __restrict__ low, const stored* __restrict__ factor,
    stored* __restrict__ product, int rows, int columns, int ranks, int gate_count, int up_start, int up_count)
{
    int warp_column = (blockIdx.y * (blockDim.x >> 5) + (threadIdx.x >> 5)) * 64;
    if (warp_column >= columns) return;
    strip gate_factor = load_factor(factor, 2 * columns, 0, gate_count, warp_column);
    strip up_factor = load_factor(factor, 2 * columns, up_start, up_count, columns + warp_column);
    int start = (int)blockIdx.x * ROWS, end = start + ROWS < rows ? start + ROWS : rows;
    gated_silu_rows(gate_up, low, product, start, end, columns, warp_column, ranks, gate_count, up_start, up_count, gate_factor, up_factor);
}

/// The same where each tile (from, to, seat) of rows has factors [ranks, 2·columns] of its own, `stride` numbers apart; seat -1: none.
/// The first `ranks` of a row's low product are for the gate, the next for up.
KERNEL __launch_bounds__(128) low_rank_gated_silu_rows(const stored* __restrict__ gate_up, const stored* __restrict__ low,
    const stored* __restrict__ factors, stored* __restrict__ product, const int* __restrict__ tiles, long long stride,
    int columns, int width, int ranks)
{
    int warp_column = (blockIdx.y * (blockDim.x >> 5) + (threadIdx.x >> 5)) * 64;
    if (warp_column >= columns) return;
    const int* tile = tiles + 3 * (int)blockIdx.x;
    int seat = tile[2], count = seat < 0 ? 0 : ranks;
    const stored* factor = factors + (seat < 0 ? 0 : seat) * stride;
    strip gate_factor = load_factor(factor, 2 * columns, 0, count, warp_column);
    strip up_factor = load_factor(factor, 2 * columns, 0, count, columns + warp_column);
    gated_silu_rows(gate_up, low, product, tile[0], tile[1], columns, warp_column, width, count, ranks, count, gate_factor, up_factor);
}

#define RANK_PARTS 4

/// Adds ranks start .. start + 31 of low [·, width] · the tile's factors [ranks, columns] to y [·, columns]. Of the columns those from
/// second on are of the group's second member, those from third on of the third: each member has `ranks` of a row's low product.
KERNEL __launch_bounds__(128) add_low_rank_rows(stored* __restrict__ y, const stored* __restrict__ low, const stored* __restrict__ factors,
    const int* __restrict__ tiles, long long stride, int columns, int width, int ranks, int start, int second, int third)
{
    int lane = threadIdx.x & 31, warp_column = (blockIdx.y * (blockDim.x >> 5) + (threadIdx.x >> 5)) * 64;
    if (warp_column >= columns) return;
    const int* tile = tiles + 3 * (int)blockIdx.x;
    int member = (warp_column >= second) + (warp_column >= third), own = member * ranks + start, at = warp_column + (lane & 3) * 8;
    const stored* factor = factors + tile[2] * stride;
    strip parts[RANK_PARTS];
#pragma unroll
    for (int p = 0; p < RANK_PARTS; p++) parts[p] = load_factor(factor, columns, start + 8 * p, start + 8 * p < ranks ? 8 : 0, warp_column);
    for (int first = tile[0]; first < tile[1]; first += 16)
    {
        int top = first + (lane >> 2), bottom = top + 8;
        bool has_top = top < tile[1], has_bottom = bottom < tile[1];
        strip y_top = load_strip(y + (long long)top * columns, at, has_top), y_bottom = load_strip(y + (long long)bottom * columns, at, has_bottom);
#pragma unroll
        for (int p = 0; p < RANK_PARTS; p++)
        {
            if (start + 8 * p >= ranks) continue;
            u32 low_top = load_low(low, width, own + 8 * p, 8, top, has_top), low_bottom = load_low(low, width, own + 8 * p, 8, bottom, has_bottom);
#pragma unroll
            for (int j = 0; j < PAIRS; j++) add_low(y_top.pair[j], y_bottom.pair[j], low_top, low_bottom, parts[p].pair[j]);
        }
        if (has_top) store_strip(y + (long long)top * columns, at, y_top);
        if (has_bottom) store_strip(y + (long long)bottom * columns, at, y_bottom);
    }
}

/// (dy + dy_low · dy_factor) [rows, columns] -> the gradient of gate and up, and their product.
KERNEL __launch_bounds__(128) low_rank_gated_silu_backward(
    const stored* __restrict__ dy, const stored* __restrict__ dy_low, const stored* __restrict__ dy_factor,
    const stored* __restrict__ gate_up, const stored* __restrict__ low, const stored* __restrict__ factor,
    stored* __restrict__ gradient, stored* __restrict__ product,
    int rows, int columns, int dy_ranks, int ranks, int gate_count, int up_start, int up_count)
{
    int lane = threadIdx.x & 31, warp_column = (blockIdx.y * (blockDim.x >> 5) + (threadIdx.x >> 5)) * 64;
    if (warp_column >= columns) return;
    int at = warp_column + (lane & 3) * 8;
    strip gate_factor = load_factor(factor, 2 * columns, 0, gate_count, warp_column);
    strip up_factor = load_factor(factor, 2 * columns, up_start, up_count, columns + warp_column);
    strip own_factor = load_factor(dy_factor, columns, 0, dy_ranks, warp_column);
    int start = (int)blockIdx.x * ROWS, end = start + ROWS < rows ? start + ROWS : rows;
    for (int first = start; first < end; first += 16)
    {
        int top = first + (lane >> 2), bottom = top + 8;
        bool has_top = top < rows, has_bottom = bottom < rows;
        long long top_at = (long long)top * columns, bottom_at = (long long)bottom * columns;
        strip gate_top = load_strip(gate_up + 2 * top_at, at, has_top), gate_bottom = load_strip(gate_up + 2 * bottom_at, at, has_bottom);
        strip up_top = load_strip(gate_up + 2 * top_at + columns, at, has_top), up_bottom = load_strip(gate_up + 2 * bottom_at + columns, at, has_bottom);
        strip own_top = load_strip(dy + top_at, at, has_top), own_bottom = load_strip(dy + bottom_at, at, has_bottom);
        u32 gate_low_top = load_low(low, ranks, 0, gate_count, top, has_top), gate_low_bottom = load_low(low, ranks, 0, gate_count, bottom, has_bottom);
        u32 up_low_top = load_low(low, ranks, up_start, up_count, top, has_top), up_low_bottom = load_low(low, ranks, up_start, up_count, bottom, has_bottom);
        u32 own_low_top = load_low(dy_low, dy_ranks, 0, dy_ranks, top, has_top), own_low_bottom = load_low(dy_low, dy_ranks, 0, dy_ranks, bottom, has_bottom);
#pragma unroll
        for (int j = 0; j < PAIRS; j++)
        {
            add_low(gate_top.pair[j], gate_bottom.pair[j], gate_low_top, gate_low_bottom, gate_factor.pair[j]);
            add_low(up_top.pair[j], up_bottom.pair[j], up_low_top, up_low_bottom, up_factor.pair[j]);
            add_low(own_top.pair[j], own_bottom.pair[j], own_low_top, own_low_bottom, own_factor.pair[j]);
            gradients t = backward(own_top.pair[j], gate_top.pair[j], up_top.pair[j]), b = backward(own_bottom.pair[j], gate_bottom.pair[j], up_bottom.pair[j]);
            gate_top.pair[j] = t.gate;
            up_top.pair[j] = t.up;
            own_top.pair[j] = t.product;
            gate_bottom.pair[j] = b.gate;
            up_bottom.pair[j] = b.up;
            own_bottom.pair[j] = b.product;
        }
        if (has_top)
        {
            store_strip(gradient + 2 * top_at, at, gate_top);
            store_strip(gradient + 2 * top_at + columns, at, up_top);
            store_strip(product + top_at, at, own_top);
        }
        if (has_bottom)
        {
            store_strip(gradient + 2 * bottom_at, at, gate_bottom);
            store_strip(gradient + 2 * bottom_at + columns, at, up_bottom);
            store_strip(product + bottom_at, at, own_bottom);
        }
    }
}
