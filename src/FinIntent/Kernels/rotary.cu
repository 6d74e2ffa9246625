// Heads turned by their token's angles: in place, or from q, k and v apart into one tensor. Rotary.cs holds the definition.

/// Where the heads of one tensor lie: strides in numbers; the numbers of a head lie side by side.
struct heads { const stored* data; long long token, head; };

DEVICE const stored* head_of(heads q, heads k, heads v, int query_heads, int key_heads, int head)
{
    long long token = blockIdx.x;
    if (head < query_heads) return q.data + token * q.token + head * q.head;
    head -= query_heads;
    if (head < key_heads) return k.data + token * k.token + head * k.head;
    return v.data + token * v.token + (head - key_heads) * v.head;
}

/// a·b as the plain operators give it: rounded unless cos and sin are wider than what is turned.
DEVICE float product(float a, float b, int is_wide)
{
    float p = __fmul_rn(a, b);
    return is_wide ? p : rounded(p);
}

DEVICE void turn(float& a, float& b, float cos, float sin, int is_wide)
{
    float c = __fsub_rn(product(a, cos, is_wide), product(b, sin, is_wide));
    b = __fadd_rn(product(b, cos, is_wide), product(a, sin, is_wide));
    a = c;
}

// A block is a token; its threads go (parts of a head, heads). The first turned_heads heads turn in their first `turned` numbers, the rest of
// each head of `size` numbers is copied unless it is there already (in place: one source, the target).
#define PARAMETERS \
    stored* target, const stored* q_data, long long q_token, long long q_head, const stored* k_data, long long k_token, long long k_head, \
    const stored* v_data, long long v_token, long long v_head, int query_heads, int key_heads, int value_heads, int turned_heads, int all_heads, \
    int size, int turned, const void* cos, const void* sin, int is_wide, float direction

#define EACH_HEAD \
    heads q = { q_data, q_token, q_head }, k = { k_data, k_token, k_head }, v = { v_data, v_token, v_head }; \
    int in_place = q_data == target; \
    long long angle = (long long)blockIdx.x * (turned / 2); \
    for (int head = threadIdx.y; head < query_heads + key_heads + value_heads; head += blockDim.y)

#define SOURCE_AND_RESULT \
    const stored* source = head_of(q, k, v, query_heads, key_heads, head); \
    stored* result = target + ((long long)blockIdx.x * all_heads + head) * size; \
    int end = head < turned_heads ? turned : 0;

/// Number i with i + turned / 2, LANES at a time: turned / 2, size and every stride are multiples of LANES.
KERNEL rotary_halves(PARAMETERS)
{
    int half = turned / 2;
    EACH_HEAD
    {
        SOURCE_AND_RESULT
        for (int at = threadIdx.x * LANES; at < end / 2; at += blockDim.x * LANES)
        {
            uint4 packed_a = *(const uint4*)(source + at), packed_b = *(const uint4*)(source + half + at);
            floats a = unpack(packed_a), b = unpack(packed_b);
            floats c = lanes_of(cos, is_wide, angle + at), s = lanes_of(sin, is_wide, angle + at);
#pragma unroll
            for (int j = 0; j < LANES; j++) turn(a.at[j], b.at[j], c.at[j], s.at[j] * direction, is_wide);
            *(uint4*)(result + at) = pack(a);
            *(uint4*)(result + half + at) = pack(b);
        }
        if (in_place) continue;
        for (int at = end + threadIdx.x * LANES; at < size; at += blockDim.x * LANES) *(uint4*)(result + at) = *(const uint4*)(source + at);
    }
}

/// Number 2i with 2i + 1, LANES at a time: turned, size and every stride are multiples of LANES.
KERNEL rotary_neighbours(PARAMETERS)
{
    EACH_HEAD
    {
        SOURCE_AND_RESULT
        for (int at = threadIdx.x * LANES; at < size; at += blockDim.x * LANES)
        {
            if (at >= end && in_place) break;
            uint4 packed = *(const uint4*)(source + at);
            if (at < end)
            {
                floats f = unpack(packed);
#pragma unroll
                for (int j = 0; j < LANES; j += 2)
                {
                    long long place = angle + (at + j) / 2;
                    turn(f.at[j], f.at[j + 1], one_of(cos, is_wide, place), one_of(sin, is_wide, place) * direction, is_wide);
                }
                packed = pack(f);
            }
            *(uint4*)(result + at) = packed;
        }
    }
}

DEVICE void turn_one(const stored* source, stored* result, int first, int second, float cos, float sin, int is_wide)
{
    float a = widen(source[first]), b = widen(source[second]);
    turn(a, b, cos, sin, is_wide);
    result[first] = narrow(a);
    result[second] = narrow(b);
}

/// Any size and alignment, a pair at a time.
KERNEL rotary_any(PARAMETERS, int is_halves)
{
    int half = turned / 2;
    EACH_HEAD
    {
        SOURCE_AND_RESULT
        for (int i = threadIdx.x; i < end / 2; i += blockDim.x)
        {
            int first = is_halves ? i : 2 * i, second = is_halves ? i + half : 2 * i + 1;
            turn_one(source, result, first, second, one_of(cos, is_wide, angle + i), one_of(sin, is_wide, angle + i) * direction, is_wide);
        }
        if (in_place) continue;
        for (int i = end + threadIdx.x; i < size; i += blockDim.x) result[i] = source[i];
    }
}
