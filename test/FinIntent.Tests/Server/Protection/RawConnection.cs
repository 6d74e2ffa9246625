using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace FinIntent.Tests.Server.Protection;

/// <summary>A connection to a server of this machine that sends bytes as they are.</summary>
sealed class RawConnection : IAsyncDisposable
{
    static readonly TimeSpan MostWait = TimeSpan.FromSeconds(20);

    readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp);
    readonly CancellationTokenSource _patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    RawConnection() => _patience.CancelAfter(MostWait);

    public static async Task<RawConnection> To(int port)
    {
        RawConnection connection = new();
        await connection._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), connection._patience.Token);
        return connection;
    }

    /// <summary>Sends each character as one byte.</summary>
    public async Task Send(string text) => await _socket.SendAsync(Encoding.Latin1.GetBytes(text), _patience.Token);

    /// <summary>Says that nothing more is sent, and still reads.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Ends the connection as a crashed client's machine does, with a reset.</summary>
    public void Reset()
    {
        _socket.LingerState = new(true, 0);
        _socket.Close();
    }

    /// <summary>Everything that comes until the server closes the connection, or resets it.</summary>
    public async Task<string> ReadToEnd()
    {
        StringBuilder all = new();
        var bytes = new byte[4096];
        try
        {
            while (await _socket.ReceiveAsync(bytes, _patience.Token) is > 0 and var count)
                all.Append(Encoding.Latin1.GetString(bytes, 0, count));
        }
        catch (SocketException)
        {
            // A reset ends it, too.
        }
        return all.ToString();
    }

    /// <summary>Sends a request that closes the connection and returns the whole answer.</summary>
    public static async Task<string> Ask(int port, string request)
    {
        await using var connection = await To(port);
        await connection.Send(request);
        return await connection.ReadToEnd();
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _patience.Dispose();
        return ValueTask.CompletedTask;
    }
}
