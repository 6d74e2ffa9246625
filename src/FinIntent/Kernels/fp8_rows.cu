// Rows as float8_e4m3fn with one scale each. Fp8Rows.cs holds the definition.

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 890
#define HAS_FLOAT8 1
#endif

/// Rounded to nearest even, at most 448.
DEVICE u32 float8(float x)
{
    u32 bits = __float_as_uint(x), sign = bits >> 24 & 0x80u;
    bits &= 0x7fffffffu;
    if (bits > 0x7f800000u) return sign | 0x7f;
    if (bits >= 0x43e00000u) return sign | 0x7e;                                     // 448 and above
    if (bits < 0x3c800000u)                                                          // below 2^-6: steps of 2^-9, which adding 2^14 leaves
        return sign | (__float_as_uint(__fadd_rn(__uint_as_float(bits), 16384.0f)) - 0x46800000u);
    return sign | ((bits + 0x7ffffu + (bits >> 20 & 1u) - (120u << 23)) >> 20);      // three bits of fraction, exponent 127 -> 7
}

DEVICE u32 float8_pair(float low, float high)
{
#ifdef HAS_FLOAT8
    u16 pair;
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(pair) : "f"(high), "f"(low));
    return pair;
#else
    return float8(low) | (float8(high) << 8);
#endif
}

/// The inverse of a smaller scale would be infinite.
DEVICE float scale_of(float largest) { return largest > 1e-30f ? largest / 448.0f : 1.0f; }

DEVICE void store_float8(u8* target, const floats& f, float inverse)
{
    u32 words[2];
#pragma unroll
    for (int i = 0; i < LANES / 4; i++)
        words[i] = float8_pair(f.at[4 * i] * inverse, f.at[4 * i + 1] * inverse) | (float8_pair(f.at[4 * i + 2] * inverse, f.at[4 * i + 3] * inverse) << 16);
#if LANES == 8
    *(uint2*)target = make_uint2(words[0], words[1]);
#else
    *(u32*)target = words[0];
#endif
}

/// A block a row, which stays in registers.
template <int COUNT>
DEVICE void fp8_rows(const stored* x, u8* values, float* scales, int n)
{
    long long start = (long long)blockIdx.x * n;
    uint4 kept[COUNT];
#pragma unroll
    for (int i = 0; i < COUNT; i++)
    {
        int at = threadIdx.x + i * blockDim.x;
        if (at * LANES < n) kept[i] = ((const uint4*)(x + start))[at];
    }
    float largest = 0.0f;
#pragma unroll
    for (int i = 0; i < COUNT; i++)
    {
        int at = threadIdx.x + i * blockDim.x;
        if (at * LANES >= n) continue;
        floats f = unpack(kept[i]);
#pragma unroll
        for (int k = 0; k < LANES; k++) largest = fmaxf(largest, fabsf(f.at[k]));
    }
    float scale = scale_of(block_max(largest)), inverse = 1.0f / scale;
    if (threadIdx.x == 0) scales[blockIdx.x] = scale;
#pragma unroll
    for (int i = 0; i < COUNT; i++)
    {
        int at = threadIdx.x + i * blockDim.x;
        if (at * LANES < n) store_float8(values + start + at * LANES, unpack(kept[i]), inverse);
    }
}

#define ROWS(COUNT) KERNEL __launch_bounds__(1024) fp8_rows_##COUNT(const stored* x, u8* values, float* scales, int n) \
    { fp8_rows<COUNT>(x, values, scales, n); }

ROWS(1)
ROWS(2)
ROWS(4)
ROWS(8)

/// Any width and alignment; the row is read twice.
KERNEL fp8_rows_any(const stored* x, u8* values, float* scales, int n)
{
    long long start = (long long)blockIdx.x * n;
    float largest = 0.0f;
    for (int i = threadIdx.x; i < n; i += blockDim.x) largest = fmaxf(largest, fabsf(widen(x[start + i])));
    float scale = scale_of(block_max(largest)), inverse = 1.0f / scale;
    if (threadIdx.x == 0) scales[blockIdx.x] = scale;
    for (int i = threadIdx.x; i < n; i += blockDim.x) values[start + i] = (u8)(float8_pair(widen(x[start + i]) * inverse, 0.0f) & 0xffu);
}
