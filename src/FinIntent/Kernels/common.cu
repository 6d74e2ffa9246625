// Before every kernel: numbers as they are stored (STORAGE 0: fp32, 1: bf16, 2: fp16), sixteen bytes at a time; arithmetic is in fp32.
// No header is needed, since NVRTC may come without any. The branches without __CUDA_ARCH__ are for a C++ compiler in the tests.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

#define DEVICE __device__ __forceinline__
#define KERNEL extern "C" __global__ void

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
#define HAS_PAIR_CONVERSION 1
#endif

#if STORAGE == 0

typedef float stored;
#define LANES 4

DEVICE float widen(stored x) { return x; }
DEVICE stored narrow(float x) { return x; }

#else

typedef u16 stored;
#define LANES 8

#if STORAGE == 1
DEVICE float widen(stored x) { return __uint_as_float((u32)x << 16); }
DEVICE stored narrow(float x)
{
#ifdef HAS_PAIR_CONVERSION
    stored y;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y) : "f"(x));
    return y;
#else
    u32 bits = __float_as_uint(x);
    return (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fff : (stored)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
#endif
}
#else
#ifdef __CUDA_ARCH__
DEVICE float widen(stored x)
{
    float y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x));
    return y;
}
DEVICE stored narrow(float x)
{
    stored y;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y) : "f"(x));
    return y;
}
#else
DEVICE float widen(stored x) { union { stored bits; _Float16 value; } y; y.bits = x; return (float)y.value; }
DEVICE stored narrow(float x) { union { stored bits; _Float16 value; } y; y.value = (_Float16)x; return y.bits; }
#endif
#endif

DEVICE u32 narrow_pair(float low, float high)
{
#ifdef HAS_PAIR_CONVERSION
    u32 pair;
#if STORAGE == 1
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
#else
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
#endif
    return pair;
#else
    return (u32)narrow(low) | ((u32)narrow(high) << 16);
#endif
}

#endif

/// What a store and a load again give.
DEVICE float rounded(float x) { return widen(narrow(x)); }

struct floats { float at[LANES]; };

DEVICE floats unpack(uint4 packed)
{
    u32 words[4] = { packed.x, packed.y, packed.z, packed.w };
    floats f;
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
#if STORAGE == 0
        f.at[i] = __uint_as_float(words[i]);
#elif STORAGE == 1
        f.at[2 * i] = __uint_as_float(words[i] << 16);
        f.at[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000u);
#else
        f.at[2 * i] = widen((stored)(words[i] & 0xffffu));
        f.at[2 * i + 1] = widen((stored)(words[i] >> 16));
#endif
    }
    return f;
}

DEVICE uint4 pack(const floats& f)
{
    u32 words[4];
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
#if STORAGE == 0
        words[i] = __float_as_uint(f.at[i]);
#else
        words[i] = narrow_pair(f.at[2 * i], f.at[2 * i + 1]);
#endif
    }
    return make_uint4(words[0], words[1], words[2], words[3]);
}

/// Number `at` of a table that is fp32 (is_wide) or as stored.
DEVICE float one_of(const void* table, int is_wide, long long at)
{
    return is_wide ? ((const float*)table)[at] : widen(((const stored*)table)[at]);
}

/// The LANES numbers from `at` on, a multiple of LANES.
DEVICE floats lanes_of(const void* table, int is_wide, long long at)
{
#if STORAGE != 0
    if (is_wide)
    {
        const float4* wide = (const float4*)((const float*)table + at);
        float4 a = wide[0], b = wide[1];
        floats f = { { a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w } };
        return f;
    }
#endif
    return unpack(*(const uint4*)((const stored*)table + at));
}

/// The sums of a and of b over the block, in every thread. Threads come in whole warps; once a kernel.
DEVICE float2 block_sums(float a, float b)
{
    __shared__ float2 partial[32];
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
#pragma unroll
    for (int step = 16; step > 0; step >>= 1)
    {
        a += __shfl_xor_sync(0xffffffffu, a, step);
        b += __shfl_xor_sync(0xffffffffu, b, step);
    }
    if (lane == 0) partial[warp] = make_float2(a, b);
    __syncthreads();
    a = lane < warps ? partial[lane].x : 0.0f;
    b = lane < warps ? partial[lane].y : 0.0f;
#pragma unroll
    for (int step = 16; step > 0; step >>= 1)
    {
        a += __shfl_xor_sync(0xffffffffu, a, step);
        b += __shfl_xor_sync(0xffffffffu, b, step);
    }
    return make_float2(a, b);
}

/// The largest a of the block, in every thread; as block_sums.
DEVICE float block_max(float a)
{
    __shared__ float partial[32];
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
#pragma unroll
    for (int step = 16; step > 0; step >>= 1) a = fmaxf(a, __shfl_xor_sync(0xffffffffu, a, step));
    if (lane == 0) partial[warp] = a;
    __syncthreads();
    a = lane < warps ? partial[lane] : 0.0f;
#pragma unroll
    for (int step = 16; step > 0; step >>= 1) a = fmaxf(a, __shfl_xor_sync(0xffffffffu, a, step));
    return a;
}
