using System.Buffers.Binary;

namespace FinIntent.Runtime;

/// <summary>Makes one required symbol version of a 64-bit little-endian ELF library weak: older systems then load it.</summary>
/// <remarks>Layout: System V ABI, "Symbol Versioning" (Elf64_Verneed, Elf64_Vernaux); the section type is SHT_GNU_verneed.</remarks>
static class ElfSymbolVersion
{
    const uint VersionNeeds = 0x6ffffffe;
    const ushort WeakFlag = 0x2;

    /// <summary>Sets VER_FLG_WEAK on every need of <paramref name="version"/> in the library; returns how many it changed.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a 64-bit ELF file.</exception>
    public static int MakeWeak(Span<byte> elf, string version)
    {
        if (elf.Length < 64 || !elf[..5].SequenceEqual((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2]))
            throw new InvalidDataException("not a 64-bit ELF file");

        var sections = (int)BinaryPrimitives.ReadInt64LittleEndian(elf[40..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(elf[58..]), count = BinaryPrimitives.ReadUInt16LittleEndian(elf[60..]);
        var changed = 0;
        for (var i = 0; i < count; i++)
        {
            var section = elf[(sections + i * size)..];
            if (BinaryPrimitives.ReadUInt32LittleEndian(section[4..]) != VersionNeeds) continue;
            var strings = elf[(sections + BinaryPrimitives.ReadInt32LittleEndian(section[40..]) * size)..];
            changed += MakeWeak(elf, (int)BinaryPrimitives.ReadInt64LittleEndian(section[24..]),
                (int)BinaryPrimitives.ReadInt64LittleEndian(strings[24..]), version);
        }
        return changed;
    }

    static int MakeWeak(Span<byte> elf, int need, int strings, string version)
    {
        var changed = 0;
        while (true)
        {
            int auxCount = BinaryPrimitives.ReadUInt16LittleEndian(elf[(need + 2)..]);
            var aux = need + BinaryPrimitives.ReadInt32LittleEndian(elf[(need + 8)..]);
            for (var i = 0; i < auxCount; i++)
            {
                var name = elf[(strings + BinaryPrimitives.ReadInt32LittleEndian(elf[(aux + 8)..]))..];
                if (Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]) == version)
                {
                    var flags = elf[(aux + 4)..];
                    BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(flags) | WeakFlag));
                    changed++;
                }
                aux += BinaryPrimitives.ReadInt32LittleEndian(elf[(aux + 12)..]);
            }
            var next = BinaryPrimitives.ReadInt32LittleEndian(elf[(need + 12)..]);
            if (next == 0) return changed;
            need += next;
        }
    }
}
