using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace FinIntent.Server;

/// <summary>Says in words why a server cannot listen where it was told to.</summary>
static class ListenErrors
{
    /// <summary>Returns what the user can do about it; null where the error is another one.</summary>
    public static UserErrorException? Of(Exception e, ServeOptions options) => e switch
    {
        IOException when IsInUse(e) => new(
            $"{e.Message.TrimEnd('.')}; stop the program that listens there, or choose another port (--port, --metrics-port)", e),
        SocketException { SocketErrorCode: SocketError.AddressNotAvailable } => new(
            $"--host {options.Host}: this machine has no such address; name one that it has, or * for all", e),
        SocketException { SocketErrorCode: SocketError.AccessDenied } => new(
            $"this user may not listen at port {options.Port}; choose one of 1024 or more (--port)", e),
        _ => null,
    };

    static bool IsInUse(Exception e) => e.InnerException switch
    {
        AddressInUseException => true,
        AggregateException all => all.InnerExceptions.Any(one => one is AddressInUseException || IsInUse(one)),
        _ => false,
    };
}
