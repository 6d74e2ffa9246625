// Weights of 8 or 4 bits written out. Dequantize.cs holds the definition.

/// target [rows, columns] = values · the row's scale; the grid is rows × parts of a row, LANES numbers a thread.
KERNEL dequantize_int8(const u8* values, const float* scales, stored* target, int columns)
{
    int at = (blockIdx.y * blockDim.x + threadIdx.x) * LANES;
    if (at >= columns) return;
    long long place = (long long)blockIdx.x * columns + at;
    float scale = scales[blockIdx.x];
#if LANES == 8
    uint2 packed = *(const uint2*)(values + place);
    u32 words[2] = { packed.x, packed.y };
#else
    u32 words[1] = { *(const u32*)(values + place) };
#endif
    floats f;
#pragma unroll
    for (int i = 0; i < LANES; i++) f.at[i] = (float)(signed char)(words[i / 4] >> (8 * (i % 4))) * scale;
    *(uint4*)(target + place) = pack(f);
}

KERNEL dequantize_int8_any(const u8* values, const float* scales, stored* target, int columns)
{
    int at = blockIdx.y * blockDim.x + threadIdx.x;
    if (at >= columns) return;
    long long place = (long long)blockIdx.x * columns + at;
    target[place] = narrow((float)(signed char)values[place] * scales[blockIdx.x]);
}

__constant__ float nf4_values[16] =
{
    -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f,
    -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
    0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f,
};

/// The scale of the block of 64 that number `at` is in: absmax as such, or absmax8 · its scale + mean.
DEVICE float absmax_of(const signed char* absmax8, const float* absmax, const float* mean, long long at)
{
    long long block = at / 64;
    return absmax8 ? __fadd_rn(__fmul_rn((float)absmax8[block], absmax[block / 256]), *mean) : absmax[block];
}

/// LANES numbers a thread, from LANES / 2 bytes, the earlier of two numbers in the upper four bits.
KERNEL dequantize_nf4(const u8* packed, const signed char* absmax8, const float* absmax, const float* mean, stored* target, long long count)
{
    // Threads look up different numbers at once: shared memory has them in sixteen banks, constant memory would take turns.
    __shared__ float table[16];
    if (threadIdx.x < 16) table[threadIdx.x] = nf4_values[threadIdx.x];
    __syncthreads();
    long long at = ((long long)blockIdx.x * blockDim.x + threadIdx.x) * LANES;
    if (at >= count) return;
    float scale = absmax_of(absmax8, absmax, mean, at);
#if LANES == 8
    u32 bytes = *(const u32*)(packed + at / 2);
#else
    u32 bytes = *(const u16*)(packed + at / 2);
#endif
    floats f;
#pragma unroll
    for (int i = 0; i < LANES; i++) f.at[i] = table[bytes >> (8 * (i / 2) + (i % 2 == 0 ? 4 : 0)) & 15u] * scale;
    *(uint4*)(target + at) = pack(f);
}

KERNEL dequantize_nf4_any(const u8* packed, const signed char* absmax8, const float* absmax, const float* mean, stored* target, long long count)
{
    long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= count) return;
    u32 code = packed[at / 2] >> (at % 2 == 0 ? 4 : 0) & 15u;
    target[at] = narrow(nf4_values[code] * absmax_of(absmax8, absmax, mean, at));
}
