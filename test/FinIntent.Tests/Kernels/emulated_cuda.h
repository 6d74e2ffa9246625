// CUDA's builtins for a C++ compiler: the threads of a block are fibres of one CPU thread, blocks follow one another.
// A thread gives way at a barrier, and goes on when all of its warp (shuffles) or its block (__syncthreads) have come there.
#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <utility>
#include <vector>
#include <ucontext.h>

#define __device__
#define __forceinline__ inline
#define __global__
#define __shared__ static
#define __constant__ static
#define __launch_bounds__(threads)

struct uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
static uint2 make_uint2(unsigned x, unsigned y) { return { x, y }; }
static uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return { x, y, z, w }; }
static float2 make_float2(float x, float y) { return { x, y }; }
static float __uint_as_float(unsigned x) { float y; memcpy(&y, &x, 4); return y; }
static unsigned __float_as_uint(float x) { unsigned y; memcpy(&y, &x, 4); return y; }
using std::min;
static float rsqrtf(float x) { return 1.0f / sqrtf(x); }
static float fast_exponential(float x) { return expf(x); }
#define __expf fast_exponential // glibc has its own __expf
static float __fdividef(float x, float y) { return x / y; }
static float __fmul_rn(float x, float y) { return x * y; }
static float __fadd_rn(float x, float y) { return x + y; }
static float __fsub_rn(float x, float y) { return x - y; }

static struct { int x, y, z; } threadIdx, blockIdx, blockDim, gridDim;

namespace emulated
{
    enum wait { none, warp, block, done };

    struct fibre
    {
        ucontext_t start;
        jmp_buf place; // switches without the system call that contexts make
        bool started;
        std::vector<char> stack = std::vector<char>(1 << 16);
        wait waits;
        float slot;
    };

    static std::vector<fibre*> fibres;
    static jmp_buf scheduler;
    static int current, count;
    static void (*body)(void**);
    static void** arguments;

    static void give_way(wait reason)
    {
        fibre* self = fibres[current];
        self->waits = reason;
        if (!_setjmp(self->place)) _longjmp(scheduler, 1);
    }

    static void run()
    {
        while (true)
        {
            body(arguments);
            give_way(done); // until the next block
        }
    }

    static void add_fibre()
    {
        fibre* f = new fibre();
        fibres.push_back(f);
        getcontext(&f->start);
        f->start.uc_stack.ss_sp = f->stack.data();
        f->start.uc_stack.ss_size = f->stack.size();
        makecontext(&f->start, run, 0);
    }

    static void resume(int index)
    {
        current = index;
        threadIdx = { index % blockDim.x, index / blockDim.x, 0 };
        if (_setjmp(scheduler)) return;
        fibre* f = fibres[index];
        if (f->started) _longjmp(f->place, 1);
        f->started = true;
        setcontext(&f->start);
    }

    // Lets those from first to last go on when each has ended or waits for that reason, and one waits.
    static bool release(int first, int last, wait reason)
    {
        bool any = false;
        for (int i = first; i < last; i++)
        {
            if (fibres[i]->waits != reason && fibres[i]->waits != done) return false;
            any |= fibres[i]->waits == reason;
        }
        for (int i = first; i < last && any; i++)
            if (fibres[i]->waits == reason) fibres[i]->waits = none;
        return any;
    }

    // False: threads wait for one another for ever.
    static bool run_block()
    {
        count = blockDim.x * blockDim.y;
        while ((int)fibres.size() < count) add_fibre();
        for (int i = 0; i < count; i++) fibres[i]->waits = none;
        while (true)
        {
            bool moved = false, ended = true;
            for (int i = 0; i < count; i++)
                if (fibres[i]->waits == none) resume(i), moved = true;
            for (int i = 0; i < count; i++) ended &= fibres[i]->waits == done;
            if (ended) return true;
            for (int i = 0; i < count; i += 32) moved |= release(i, i + 32 < count ? i + 32 : count, warp);
            if (!release(0, count, block) && !moved) return false;
        }
    }

    static int run_grid(void (*kernel)(void**), int grid_x, int grid_y, int threads_x, int threads_y, void** values)
    {
        body = kernel;
        arguments = values;
        blockDim = { threads_x, threads_y, 1 };
        gridDim = { grid_x, grid_y, 1 };
        for (int y = 0; y < grid_y; y++)
            for (int x = 0; x < grid_x; x++)
            {
                blockIdx = { x, y, 0 };
                if (!run_block()) return 1;
            }
        return 0;
    }

    template <class... P, size_t... I>
    void call(void (*kernel)(P...), void** values, std::index_sequence<I...>) { kernel(*(P*)values[I]...); }

    template <class... P>
    void call(void (*kernel)(P...), void** values) { call(kernel, values, std::index_sequence_for<P...>()); }
}

static void __syncthreads() { emulated::give_way(emulated::block); }

static float __shfl_xor_sync(unsigned, float value, int mask)
{
    int self = emulated::current;
    emulated::fibres[self]->slot = value;
    emulated::give_way(emulated::warp);
    float other = emulated::fibres[self ^ mask]->slot;
    emulated::give_way(emulated::warp);
    return other;
}

static unsigned __shfl_sync(unsigned, unsigned value, int lane)
{
    int self = emulated::current;
    emulated::fibres[self]->slot = __uint_as_float(value);
    emulated::give_way(emulated::warp);
    unsigned other = __float_as_uint(emulated::fibres[self / 32 * 32 + lane]->slot);
    emulated::give_way(emulated::warp);
    return other;
}

// The entry of a kernel for the tests.
#define ENTRY(name) \
    static void emulated_##name(void** values) { emulated::call(name, values); } \
    extern "C" int run_##name(int grid_x, int grid_y, int threads_x, int threads_y, void** values) \
    { return emulated::run_grid(emulated_##name, grid_x, grid_y, threads_x, threads_y, values); }
