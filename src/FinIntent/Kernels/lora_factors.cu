// The factors of up to four adapters of one input as two matrices, and their gradients back. LoraFactors.cs holds the definition.

#define PARTS 4

/// One adapter: A [rank, inputs] and B [outputs, rank] in fp32, and where it lies in the joint a [ranks, inputs] and b [ranks, outputs].
struct part { float *a, *b; int output_start, output_end, rank_start, rank_end; float scale; };

#define PART(i) float* a##i, float* b##i, int output_start##i, int output_end##i, int rank_start##i, int rank_end##i, float scale##i
#define ALL_PARTS PART(0), PART(1), PART(2), PART(3)
#define GATHER(i) { a##i, b##i, output_start##i, output_end##i, rank_start##i, rank_end##i, scale##i }
#define GATHER_PARTS part parts[PARTS] = { GATHER(0), GATHER(1), GATHER(2), GATHER(3) }

/// A thread for each number of a, then one for each column of b, which is zero off the parts: a column's numbers lie side by side in its B.
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
    int output = at - ranks * inputs;
    if (output >= outputs) return;
    const float* source = 0;
    int start = 0, end = 0;
    float scale = 0.0f;
#pragma unroll
    for (int i = 0; i < PARTS; i++)
    {
        const part& p = parts[i];
        if (output < p.output_start || output >= p.output_end) continue;
        start = p.rank_start;
        end = p.rank_end;
        scale = p.scale;
        source = p.b + (long long)(output - p.output_start) * (end - start);
    }
    for (int rank = 0; rank < ranks; rank++)
        b[rank * outputs + output] = rank >= start && rank < end ? narrow(rounded(source[rank - start]) * scale) : narrow(0.0f);
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
