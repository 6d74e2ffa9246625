using System.Security.Cryptography;
using System.Text;
using FinIntent.Server.Keys;
using Xunit;

namespace FinIntent.Tests.Server.Keys;

public sealed class KeySetTests : IDisposable
{
    // printf %s 0123456789abcdef | sha256sum
    const string Key = "0123456789abcdef", Digest = "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f";

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    KeySet Read(string content) => KeySet.Read(_folder.Write("keys", content));

    [Theory]
    [InlineData(Key, "9f9f5111")]
    [InlineData($"# ours\n\n  {Key}  \r\n", "9f9f5111")]
    [InlineData($"mobile-app {Key}", "mobile-app")]
    [InlineData($"mobile-app\tsha256:{Digest}", "mobile-app")]
    [InlineData($"sha256:{Digest}", "9f9f5111")]
    public void A_key_is_found_by_its_text_and_called_by_its_name(string content, string name)
    {
        var keys = Read(content);

        Assert.Equal(name, keys.Find(Key)?.Name);
        Assert.Equal(Digest, Convert.ToHexStringLower(keys.Keys[0].Digest));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123456789abcde")]
    [InlineData("0123456789abcdef ")]
    [InlineData("0123456789ABCDEF")]
    [InlineData($"sha256:{Digest}")]
    [InlineData(Digest)]
    [InlineData("\ud800")]
    public void Another_text_is_no_key(string presented) => Assert.Null(Read($"{Key}\nsecond sha256:{Digest[..63]}0").Find(presented));

    [Fact]
    public void Every_key_of_a_file_is_found()
    {
        var texts = Enumerable.Range(0, 20).Select(_ => RandomNumberGenerator.GetHexString(32)).ToList();

        var keys = Read(string.Join('\n', texts.Select((text, i) => $"k{i} {text}")));

        Assert.All(texts.Index(), text => Assert.Equal($"k{text.Index}", keys.Find(text.Item)?.Name));
    }

    [Theory]
    [InlineData("# nothing\n", "keys: there is no key in it")]
    [InlineData("0123456789abcde", "keys:1: the key has 15 characters; 16 or more are needed, such as")]
    [InlineData($"{Key}\n# again\nother sha256:{Digest}", "keys:3: the key stands in line 1, too")]
    [InlineData("one two 0123456789abcdef", "keys:1: 3 words")]
    [InlineData("na/me 0123456789abcdef", "keys:1: a line is KEY or NAME KEY")]
    [InlineData("sha256:12", "keys:1: sha256: is followed by 2 characters")]
    [InlineData("密钥0123456789abcdef", "keys:1: the key has characters that are not visible ASCII")]
    public void A_wrong_file_is_an_error_that_names_its_line_and_shows_no_key(string content, string message)
    {
        var error = Assert.Throws<UserErrorException>(() => Read(content));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789abcde", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error_that_names_it() =>
        Assert.Contains("none", Assert.Throws<UserErrorException>(() => KeySet.Read(_folder["none"])).Message, StringComparison.Ordinal);

    /// <summary>What the process keeps of a key is its digest: no field of any object holds the text.</summary>
    [Fact]
    public void A_key_is_not_held_in_clear()
    {
        var key = Read($"app {Key}").Keys.Single();

        Assert.Equal(SHA256.HashData(Encoding.ASCII.GetBytes(Key)), key.Digest);
        Assert.DoesNotContain(Key, key.ToString(), StringComparison.Ordinal);
    }
}
