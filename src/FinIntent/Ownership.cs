namespace FinIntent;

static class Ownership
{
    /// <summary>Returns what <paramref name="make"/> makes of the resource, which it takes over, or disposes it when that fails.</summary>
    public static T OrDispose<T>(this IDisposable resource, Func<T> make)
    {
        try
        {
            return make();
        }
        catch
        {
            resource.Dispose();
            throw;
        }
    }
}
