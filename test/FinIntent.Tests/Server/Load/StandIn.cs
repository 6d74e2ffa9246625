using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using FinIntent.Server.Load;

namespace FinIntent.Tests.Server.Load;

/// <summary>Is a server of a few lines that answers each request as a test wants it, byte by byte.</summary>
sealed class StandIn : IDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly Func<Asked, Task> _answer;
    int _count;

    /// <summary>A request as it came: its number from 1, its body, and where the answer goes.</summary>
    public sealed record Asked(int Number, string Head, JsonElement Body, NetworkStream To)
    {
        public string Id => Body.GetProperty("id").GetString()!;
        public bool KeepsOpen { get; set; } = true;

        public Task Ok() => Ok($$"""{"id":"{{Id}}","results":[]}""");

        public Task Ok(string body) => Write($"HTTP/1.1 200 OK\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

        public Task Write(string text) => To.WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask();
    }

    public StandIn(Func<Asked, Task> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = Accept();
    }

    public LoadTarget Target => new(new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}"), null);

    /// <summary>The requests that came.</summary>
    public int Count => Volatile.Read(ref _count);

    async Task Accept()
    {
        try
        {
            while (true) _ = Serve(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    async Task Serve(TcpClient client)
    {
        using var _ = client;
        var stream = client.GetStream();
        var buffer = new byte[1 << 16];
        var filled = 0;
        try
        {
            while (true)
            {
                int end;
                while ((end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0) filled += await Read();
                var head = Encoding.UTF8.GetString(buffer, 0, end);
                var length = int.Parse(head[(head.IndexOf("Content-Length: ", StringComparison.Ordinal) + 16)..].Split('\r')[0]);
                while (filled < end + 4 + length) filled += await Read();
                var body = JsonSerializer.Deserialize<JsonElement>(buffer.AsSpan(end + 4, length));
                (buffer.AsSpan(end + 4 + length, filled - end - 4 - length)).CopyTo(buffer);
                filled -= end + 4 + length;
                var asked = new Asked(Interlocked.Increment(ref _count), head, body, stream);
                await _answer(asked);
                if (!asked.KeepsOpen) return;
            }
        }
        catch (IOException)
        {
            // The client has gone.
        }

        async Task<int> Read() =>
            await stream.ReadAsync(buffer.AsMemory(filled)) is > 0 and var count ? count : throw new IOException("end");
    }

    public void Dispose() => _listener.Dispose();
}
