// The factors of up to four adapters of one input as two matrices, and their gradients back. LoraFactors.cs holds the definition.

#define PARTS 4

/// One adapter: A [rank, inputs] and B [outputs, rank] in fp32, and where it lies in the joint a [ranks, inputs] and b [ranks, outputs].
struct part { float *a, *b; int output_start, output_end, rank_start, rank_end; float scale; };

#define PART(i) float* a##i, float* b##i, int output_start##i, int output_end##i, int rank_start##i, int rank_end##i, float scale##i
#define ALL_PARTS PART(0), PART(1), PART(2), PART(3)
#define GATHER(i) { a##i, b##i, output_start##i, output_end##i, rank_start##i, rank_end##i, scale##i }
#define GATHER_PARTS part parts[PARTS] = { GATHER(0), GATHER(1), GATHER(2), GATHER(3) }

/// A number a thread: first those of a, then those of b, which is zero off the parts.
KERNEL join_lora_factors(stored* a, stored* b, int inputs, int outputs, int ranks, ALL_PARTS)
{
    GATHER_PARTS;
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at < ranks * inputs)
    {
        int rank = at / inputs, column = at - rank * inputs;
#pragma unroll
        for (int i = 0; i < PARTS; i++)
            if (rank >= parts[i].rank_start && rank < parts[i].rank_end) a[at] = narrow(parts[i].a[(rank - parts[i].rank_start) * inputs + column]);
        return;
    }
    at -= ranks * inputs;
    if (at >= ranks * outputs) return;
    int rank = at / outputs, output = at - rank * outputs;
    float value = 0.0f;
#pragma unroll
    for (int i = 0; i < PARTS; i++)
    {
        const part& p = parts[i];
        if (rank < p.rank_start || rank >= p.rank_end || output < p.output_start || output >= p.output_end) continue;
        value = rounded(p.b[(output - p.output_start) * (p.rank_end - p.rank_start) + rank - p.rank_start]) * p.scale;
    }
    b[at] = narrow(value);
}

/// Adds da [ranks, inputs] and the parts of db [outputs, ranks] to the gradients of the A and B.
KERNEL add_lora_gradients(const stored* da, const stored* db, int inputs, int outputs, int ranks, ALL_PARTS)
{
    GATHER_PARTS;
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at < ranks * inputs)
    {
        int rank = at / inputs, column = at - rank * inputs;
#pragma unroll
        for (int i = 0; i < PARTS; i++)
            if (rank >= parts[i].rank_start && rank < parts[i].rank_end)
                parts[i].a[(rank - parts[i].rank_start) * inputs + column] += widen(da[at]);
        return;
    }
    at -= ranks * inputs;
    if (at >= ranks * outputs) return;
    int output = at / ranks, rank = at - output * ranks;
#pragma unroll
    for (int i = 0; i < PARTS; i++)
    {
        const part& p = parts[i];
        if (rank < p.rank_start || rank >= p.rank_end || output < p.output_start || output >= p.output_end) continue;
        p.b[(output - p.output_start) * (p.rank_end - p.rank_start) + rank - p.rank_start] += widen(db[at]) * p.scale;
    }
}
