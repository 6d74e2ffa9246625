using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FinIntent.Tests.ApiModels;

/// <summary>
/// As much of an HTTP/1.1 server as tests need, on a port of its own: it can also fail in ways that whole servers do not allow.
/// </summary>
sealed class HttpWire : IDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly Func<WireRequest, Task> _serve;

    public HttpWire(Func<WireRequest, Task> serve)
    {
        _serve = serve;
        _listener.Start(512);
        _ = Accept();
    }

    public string Url => $"http://{_listener.LocalEndpoint}";

    async Task Accept()
    {
        try
        {
            while (true) _ = Talk(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // disposed
        }
    }

    async Task Talk(TcpClient client)
    {
        using (client)
        {
            client.NoDelay = true;
            try
            {
                while (client.Connected && await WireRequest.Read(client) is { } request) await _serve(request);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // the client has hung up
            }
        }
    }

    public void Dispose() => _listener.Dispose();
}

sealed class WireRequest(TcpClient client, string method, string target, IReadOnlyDictionary<string, string> headers, string body)
{
    public string Method => method;

    public string Path => target.Split('?')[0];

    public string Query => target.Contains('?') ? target[target.IndexOf('?')..] : "";

    public IReadOnlyDictionary<string, string> Headers => headers;

    public string Body => body;

    public string? Header(string name) => headers.GetValueOrDefault(name);

    /// <summary>Null when the client has hung up.</summary>
    public static async Task<WireRequest?> Read(TcpClient client)
    {
        var stream = client.GetStream();
        if (await Line(stream) is not { } first) return null;
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        while (await Line(stream) is { Length: > 0 } line) headers[line[..line.IndexOf(':')]] = line[(line.IndexOf(':') + 1)..].Trim();
        var body = new byte[int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body);
        return new(client, first.Split(' ')[0], first.Split(' ')[1], headers, Encoding.UTF8.GetString(body));
    }

    public async Task Answer(int status, string content, params (string Name, string Value)[] more)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        await client.GetStream().WriteAsync((byte[])[.. Head(status, bytes.Length, more), .. bytes]);
    }

    /// <summary>The head of an answer whose body follows by <see cref="Write"/>: so many bytes, below 0 until <see cref="End"/>.</summary>
    public async Task Begin(int status, long length, params (string Name, string Value)[] more) =>
        await client.GetStream().WriteAsync(Head(status, length, more));

    public async Task Write(ReadOnlyMemory<byte> bytes) => await client.GetStream().WriteAsync(bytes);

    /// <summary>The first half of an answer, and then the connection is reset.</summary>
    public async Task AnswerHalf(string content)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        await client.GetStream().WriteAsync((byte[])[.. Head(200, bytes.Length, []), .. bytes[..(bytes.Length / 2)]]);
        Cut();
    }

    public void End() => client.Close();

    public void Cut()
    {
        client.LingerState = new(true, 0);
        client.Close();
    }

    public async Task WaitForHangUp() => await client.GetStream().ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false);

    static byte[] Head(int status, long length, (string Name, string Value)[] more) => Encoding.ASCII.GetBytes(
        $"HTTP/1.1 {status} {(HttpStatusCode)status}\r\nContent-Type: application/json\r\n" +
        (length < 0 ? "Connection: close\r\n" : $"Content-Length: {length}\r\n") +
        string.Concat(more.Select(h => $"{h.Name}: {h.Value}\r\n")) + "\r\n");

    static async Task<string?> Line(NetworkStream stream)
    {
        List<byte> line = [];
        var one = new byte[1];
        while (await stream.ReadAsync(one) == 1)
        {
            if (one[0] == '\n') return Encoding.ASCII.GetString([.. line]).TrimEnd('\r');
            line.Add(one[0]);
        }
        return null;
    }
}
