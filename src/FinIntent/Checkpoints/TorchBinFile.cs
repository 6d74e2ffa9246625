using System.Collections.Concurrent;
using System.IO.MemoryMappedFiles;

namespace FinIntent.Checkpoints;

/// <summary>Reads a state dict that torch.save wrote: a zip with NAME/data.pkl for tensors and NAME/data/KEY for storages.</summary>
/// <remarks>The machine that reads the pickle can only make tensors; each storage's checksum is verified when first read.</remarks>
sealed class TorchBinFile : TensorFile
{
    const int MaxPickleBytes = 16 << 20;
    const long PickleMemory = 16 << 20;

    readonly StoredZip _zip;
    readonly IReadOnlyDictionary<string, ZipEntry> _storageOf;
    readonly ConcurrentDictionary<ZipEntry, Lazy<bool>> _verified = [];

    TorchBinFile(string path, FileStream stream, MemoryMappedFile map, StoredZip zip, IReadOnlyDictionary<string, StoredTensor> tensors,
        IReadOnlyDictionary<string, ZipEntry> storageOf) : base(path, stream, map, tensors) => (_zip, _storageOf) = (zip, storageOf);

    /// <exception cref="UserErrorException">The file is missing, malformed or asks for more than tensors.</exception>
    public static TorchBinFile Open(string path)
    {
        var (stream, map) = OpenMap(path);
        return map.OrDispose(() =>
        {
            var zip = StoredZip.Read(path, stream.SafeFileHandle);
            var storageOf = new Dictionary<string, ZipEntry>();
            var tensors = ReadTensors(zip, stream.Length, storageOf);
            return new TorchBinFile(path, stream, map, zip, tensors, storageOf);
        });
    }

    private protected override void BeforeReading(string name) => _ = _verified.GetOrAdd(_storageOf[name], entry => new(() =>
    {
        _zip.Verify(entry);
        return true;
    })).Value;

    static Dictionary<string, StoredTensor> ReadTensors(StoredZip zip, long fileLength, Dictionary<string, ZipEntry> storageOf)
    {
        var pickles = zip.Entries.Values.Where(e => e.Name.EndsWith("/data.pkl", StringComparison.Ordinal)).ToList();
        if (pickles.Count != 1)
            throw zip.Refuse(0, $"{pickles.Count} entries are named NAME/data.pkl, expected one: not written by torch.save");
        var pickle = pickles[0];
        var root = pickle.Name[..^"data.pkl".Length];
        if (zip.Entries.TryGetValue(root + "byteorder", out var order) && !zip.ReadAll(order, 16).AsSpan().SequenceEqual("little"u8))
            throw zip.Refuse(order.Offset, "the numbers are not stored little-endian");

        var pickled = TensorPickle.Read(zip.ReadAll(pickle, MaxPickleBytes), PickleMemory + fileLength,
            (offset, reason) => zip.Refuse(pickle.Offset + offset, reason));
        var tensors = new Dictionary<string, StoredTensor>();
        foreach (var (name, tensor) in pickled)
        {
            if (!zip.Entries.TryGetValue($"{root}data/{tensor.Storage.Key}", out var storage))
                throw zip.Refuse(pickle.Offset, $"{name}: the archive has no storage {root}data/{tensor.Storage.Key}");
            tensors[name] = Place(zip, name, tensor, storage, fileLength);
            storageOf[name] = storage;
        }
        return tensors;
    }

    static StoredTensor Place(StoredZip zip, string name, PickledTensor tensor, ZipEntry storage, long fileLength)
    {
        var elementBytes = ElementTypes.BytesOf(tensor.Storage.Type);
        if ((Int128)tensor.Storage.Count * elementBytes != storage.Length)
            throw zip.Refuse(storage.Offset, $"{name}: its storage of {tensor.Storage.Count} {tensor.Storage.Type} needs " +
                $"{(Int128)tensor.Storage.Count * elementBytes} bytes, {storage.Name} has {storage.Length}");

        var (sizes, steps) = (string.Join(", ", tensor.Shape), string.Join(", ", tensor.Strides));
        var shape = $"[{sizes}] with strides [{steps}] from element {tensor.Offset} on";
        var (count, last) = (Int128.One, (Int128)tensor.Offset);
        foreach (var (size, step) in tensor.Shape.Zip(tensor.Strides))
        {
            count = tensor.Shape.Contains(0) ? 0 : count * size;
            last += (Int128)Math.Max(0, size - 1) * step;
            if (count * elementBytes > fileLength)
                throw zip.Refuse(storage.Offset, $"{name}: {shape} repeats elements beyond the size of the file");
            if (count > 0 && last >= tensor.Storage.Count) break;
        }
        if (count == 0) return new StoredTensor(tensor.Storage.Type, tensor.Shape, tensor.Strides, storage.Offset, 0);
        if (last >= tensor.Storage.Count)
            throw zip.Refuse(storage.Offset, $"{name}: {shape} reaches beyond its storage of {tensor.Storage.Count} elements");
        return new StoredTensor(tensor.Storage.Type, tensor.Shape, tensor.Strides, storage.Offset + tensor.Offset * elementBytes,
            ((long)last - tensor.Offset + 1) * elementBytes);
    }
}
