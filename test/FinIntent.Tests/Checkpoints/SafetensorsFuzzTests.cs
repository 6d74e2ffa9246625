using System.Buffers.Binary;
using FinIntent.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Checkpoints;

public sealed class SafetensorsFuzzTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("finintent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_mutated_header_gives_a_user_error_or_a_file_whose_tensors_can_be_read()
    {
        var original = Sample();
        var headerEnd = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(original);
        var random = new Random(1);
        var path = Path.Combine(_folder, "mutated.safetensors");
        var refused = 0;

        for (var round = 0; round < 2500; round++)
        {
            var mutated = Mutation.Of(original, headerEnd, random);
            File.WriteAllBytes(path, mutated);
            try
            {
                using var file = SafetensorsFile.Open(path);
                foreach (var name in file.Tensors.Keys) file.Read(name).Dispose();
            }
            catch (UserErrorException error)
            {
                Assert.Contains(": byte ", error.Message);
                refused++;
            }
        }

        // the rest only renames a tensor or changes white space, a type of the same size, a shape of the same count
        Assert.InRange(refused, 1900, 2500);
    }

    byte[] Sample()
    {
        var path = Path.Combine(_folder, "sample.safetensors");
        using var a = arange(6, ScalarType.Float32).reshape(2, 3);
        using var b = ones([4], ScalarType.BFloat16);
        using var c = zeros([0, 2], ScalarType.Int64);
        SafetensorsWriter.Write(path, [new("model.a.weight", a), new("model.b.weight", b), new("c", c)]);
        return File.ReadAllBytes(path);
    }
}
