using FinIntent.Files;
using Google.Protobuf;

namespace FinIntent.Text;

enum PieceType { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 }

readonly record struct Piece(string Text, float Score, PieceType Type);

/// <summary>Reads a SentencePiece tokenizer.model (sentencepiece_model.proto); so few fields need no generated classes.</summary>
/// <remarks>It takes only BPE models without a normalization table and with byte fallback, as ChatGLM3's and Baichuan2's.</remarks>
sealed partial class SentencePieceModel
{
    public const string FileName = "tokenizer.model";

    readonly string _path;

    SentencePieceModel(string path) => _path = path;

    public List<Piece> Pieces { get; } = [];

    /// <summary>Says that a blank is put before every text.</summary>
    public bool AddDummyPrefix { get; private set; } = true;
    public int UnknownId { get; private set; }
    public int BosId { get; private set; } = 1;
    public int EosId { get; private set; } = 2;
    public int PadId { get; private set; } = -1;

    public static SentencePieceModel Read(string folder)
    {
        var model = new SentencePieceModel(Path.Combine(folder, FileName));
        try
        {
            model.ReadModel(new(InputFile.Bytes(model._path)));
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new UserErrorException($"{model._path} is no SentencePiece model, or a damaged one: its fields do not end where they " +
                "say", e);
        }
        return model;
    }

    void ReadModel(CodedInputStream input)
    {
        var (hasTrainer, hasNormalizer) = (false, false);
        Each(input, field =>
        {
            if (field == 1) Pieces.Add(ReadPiece(input.ReadBytes().CreateCodedInput()));
            else if (field == 2 && (hasTrainer = true)) ReadTrainer(input.ReadBytes().CreateCodedInput());
            else if (field == 3 && (hasNormalizer = true)) ReadNormalizer(input.ReadBytes().CreateCodedInput());
            else return false;
            return true;
        });
        if (!Pieces.Exists(piece => piece.Type == PieceType.Normal) || !hasTrainer || !hasNormalizer)
            throw new UserErrorException($"{_path} is no SentencePiece model: {Pieces.Count} pieces, and not both specifications");
        if (Pieces.Count > AddedToken.MostIds) throw new UserErrorException($"{_path} has {Pieces.Count:N0} pieces; " +
            $"{AddedToken.MostIds:N0} is the most");
        if (Pieces.Exists(piece => piece.Text.Length == 0 || (piece.Type == PieceType.Byte && !ByteName().IsMatch(piece.Text))))
            throw Refused("a piece without a text or a byte not named as <0x0A>", "models without");
        if (Pieces.Exists(piece => piece.Type == PieceType.Unused)) throw Refused("a piece of type unused", "models without");
        if (Pieces.Count(piece => piece.Type == PieceType.Byte) != 256) throw Refused("no byte_fallback", "models with all 256 bytes");
        RequireIds();
    }

    void RequireIds()
    {
        (string, int)[] ids = [("unk_id", UnknownId), ("bos_id", BosId), ("eos_id", EosId), ("pad_id", PadId)];
        foreach (var (key, id) in ids)
            if (id >= Pieces.Count || (key == "unk_id" && id < 0))
                throw new UserErrorException($"{_path}: {key} is {id}, and there are {Pieces.Count} pieces");
    }

    Piece ReadPiece(CodedInputStream input)
    {
        var piece = new Piece("", 0, PieceType.Normal);
        Each(input, field =>
        {
            if (field == 1) piece = piece with { Text = TextOf(input) };
            else if (field == 2) piece = piece with { Score = input.ReadFloat() };
            else if (field == 3) piece = piece with { Type = TypeOf(input.ReadEnum()) };
            else return false;
            return true;
        });
        return piece;
    }

    string TextOf(CodedInputStream input)
    {
        var bytes = input.ReadBytes().Span;
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes)
            : throw new UserErrorException($"{_path}: the text of piece {Pieces.Count} is not UTF-8");
    }

    PieceType TypeOf(int type) => type is >= (int)PieceType.Normal and <= (int)PieceType.Byte ? (PieceType)type
        : throw new UserErrorException($"{_path}: piece {Pieces.Count} has the unknown type {type}");

    void ReadTrainer(CodedInputStream input) => Each(input, field =>
    {
        if (field == 3 && input.ReadEnum() is var type) _ = type == 2 ? 0 : throw Refused($"model_type {type}", "2 (BPE)");
        else if (field == 24 && input.ReadBool()) throw Refused("treat_whitespace_as_suffix", "models without");
        else if (field == 40) UnknownId = input.ReadInt32();
        else if (field == 41) BosId = input.ReadInt32();
        else if (field == 42) EosId = input.ReadInt32();
        else if (field == 43) PadId = input.ReadInt32();
        else return field is 3 or 24;
        return true;
    });

    void ReadNormalizer(CodedInputStream input)
    {
        var (removesBlanks, escapesBlanks) = (true, true);
        Each(input, field =>
        {
            if (field == 2 && input.ReadBytes().Length > 0) throw Refused("a normalization table", "the identity");
            else if (field == 3) AddDummyPrefix = input.ReadBool();
            else if (field == 4) removesBlanks = input.ReadBool();
            else if (field == 5) escapesBlanks = input.ReadBool();
            else return field == 2;
            return true;
        });
        if (removesBlanks) throw Refused("remove_extra_whitespaces", "models without");
        if (!escapesBlanks) throw Refused("no escape_whitespaces", "models with");
    }

    /// <summary>Calls <paramref name="read"/> for each field of a message, and skips a field for which it returns false.</summary>
    static void Each(CodedInputStream input, Func<int, bool> read)
    {
        while (input.ReadTag() is > 0 and var tag)
            if (!read(WireFormat.GetTagFieldNumber(tag))) input.SkipLastField();
    }

    [GeneratedRegex("^<0x[0-9A-F]{2}>$")]
    private static partial Regex ByteName();

    UserErrorException Refused(string found, string supported) => new($"{_path} has {found}; FinIntent reads {supported}");
}
