namespace FinIntent.Data.Rows.ParquetFormat;

/// <summary>Walks over the headers of a column's pages and refuses what does not fit the file, before a library allocates by it.</summary>
sealed class ParquetPages(Stream file, ParquetFooter footer, ParquetChunk chunk, Func<string, UserErrorException> error)
{
    const int FirstHeaderBytes = 512, MostHeaderBytes = 16 << 20;
    const int Snappy = 1;
    const int Data = 0, Index = 1, Dictionary = 2, DataV2 = 3;

    readonly record struct Header(int Bytes, long Type, long Uncompressed, long Compressed, Content Content);

    /// <param name="Nulls">How many of the values are none, and have no bytes.</param>
    /// <param name="Levels">The bytes that say which values are none, where the header tells.</param>
    readonly record struct Content(long Values, long Nulls, long Levels, bool IsCompressed = true);

    /// <exception cref="UserErrorException">A page's size, kind or number of values cannot be.</exception>
    public void Check()
    {
        var at = chunk.FirstPage;
        var hasDictionary = false;
        for (var values = 0L; values < chunk.Values;)
        {
            var page = HeaderAt(at);
            at += page.Bytes;
            CheckSizes(page, at);
            if (chunk.Codec == Snappy && page.Compressed > 0) CheckSnappy(page, at);
            at += page.Compressed;
            if (page.Type is Data or DataV2) values += page.Content.Values;
            if (values > chunk.Values) throw error($"its pages have more than the {chunk.Values:N0} values of the column");
            if (page.Type != Dictionary) continue;
            if (hasDictionary || values > 0) throw error("it has two dictionaries, or one behind its values");
            if (page.Content.Values > page.Uncompressed / ParquetLimits.FewestBytes(chunk.Type))
                throw error($"its dictionary of {page.Uncompressed:N0} bytes has {page.Content.Values:N0} values");
            hasDictionary = true;
        }
    }

    void CheckSizes(Header page, long at)
    {
        if (page.Type is not (Data or Index or Dictionary or DataV2)) throw error($"there is no page of the kind {page.Type}");
        if (page.Compressed < 0 || page.Compressed > footer.Start - at)
            throw error($"a page of {page.Compressed:N0} bytes from {at:N0} on is not in the file");
        if (page.Uncompressed is < 0 or > int.MaxValue || page.Uncompressed > ParquetLimits.MostBytes(chunk.Codec, page.Compressed)
            || (chunk.Codec == 0 && page.Uncompressed != page.Compressed))
            throw error($"a page's {page.Compressed:N0} bytes are said to become {page.Uncompressed:N0}");
        var (values, nulls, levels, _) = page.Content;
        if (values < 0 || nulls < 0 || nulls > values || levels < 0 || levels > page.Uncompressed)
            throw error($"a page of {page.Uncompressed:N0} bytes is said to have {values:N0} values, {nulls:N0} of them none");
    }

    // Snappy's own bytes begin with the number that they become, and a library allocates by it.
    void CheckSnappy(Header page, long at)
    {
        var levels = page.Type == DataV2 ? page.Content.Levels : 0;
        if (levels >= page.Compressed || !page.Content.IsCompressed) return;
        var bytes = new byte[Math.Min(5, page.Compressed - levels)];
        file.Position = at + levels;
        file.ReadExactly(bytes);
        var length = 0L;
        for (var i = 0; i < bytes.Length; i++)
        {
            length |= (long)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80) break;
        }
        if (length > page.Uncompressed - levels)
            throw error($"a page's {page.Compressed:N0} bytes become {length:N0}, and are said to become {page.Uncompressed:N0}");
    }

    Header HeaderAt(long at)
    {
        for (var length = (long)FirstHeaderBytes; ; length *= 8)
        {
            var there = Math.Min(length, footer.Start - at);
            if (there <= 0) throw error("its pages end before its values do");
            var bytes = new byte[there];
            file.Position = at;
            file.ReadExactly(bytes);
            // A header with long statistics is longer than most.
            var isWhole = there < length || length >= MostHeaderBytes;
            try
            {
                return ReadHeader(new(bytes, isWhole ? error : _ => new HeaderCut()));
            }
            catch (HeaderCut)
            {
            }
        }
    }

    /// <summary>Says that the header goes on behind the bytes that were read.</summary>
    sealed class HeaderCut : Exception;

    static Header ReadHeader(ThriftReader reader)
    {
        var (end, kind, uncompressed, compressed) = (reader.Check(ThriftShape.Page), -1L, -1L, -1L);
        Dictionary<long, Content> contents = [];
        for (var id = 0; reader.Next(ref id, out var type);)
        {
            if (id == 1) kind = reader.Integer(type);
            else if (id == 2) uncompressed = reader.Integer(type);
            else if (id == 3) compressed = reader.Integer(type);
            else if (KindOf(id) is { } described) contents[described] = ContentOf(reader, described);
            else reader.Skip(type);
        }
        return new(end, kind, uncompressed, compressed, contents.GetValueOrDefault(kind, new(kind == Index ? 0 : -1, 0, 0)));
    }

    // Each kind of pages has a field of its own.
    static long? KindOf(int id) => id switch { 5 => Data, 7 => Dictionary, 8 => DataV2, _ => null };

    static Content ContentOf(ThriftReader reader, long kind)
    {
        var (values, nulls, definitions, repetitions, isCompressed) = (-1L, 0L, 0L, 0L, true);
        for (var id = 0; reader.Next(ref id, out var type);)
        {
            if (id == 1) values = reader.Integer(type);
            else if (kind == DataV2 && id == 2) nulls = reader.Integer(type);
            else if (kind == DataV2 && id == 5) definitions = reader.Integer(type);
            else if (kind == DataV2 && id == 6) repetitions = reader.Integer(type);
            else if (kind == DataV2 && id == 7) isCompressed = type != ThriftType.False;
            else if (kind == Data && id == 5) nulls = NullsOf(reader);
            else reader.Skip(type);
        }
        return new(values, nulls, definitions < 0 || repetitions < 0 ? -1 : definitions + repetitions, isCompressed);
    }

    static long NullsOf(ThriftReader statistics)
    {
        var nulls = 0L;
        for (var id = 0; statistics.Next(ref id, out var type);)
        {
            if (id == 3) nulls = statistics.Integer(type);
            else statistics.Skip(type);
        }
        return nulls;
    }
}
