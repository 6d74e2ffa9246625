using System.Buffers.Binary;

namespace FinIntent.Checkpoints;

/// <summary>Is a tensor as a pickle describes it: a view of a storage, with sizes and steps in elements.</summary>
sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides);

sealed record PickledStorage(string Key, ScalarType Type, long Count);

/// <summary>Reads the pickle of a state dict (name → tensor) with a machine of the instructions that torch writes in protocol 2.</summary>
/// <remarks>It never calls anything: a name is a constant, it knows only the names that tensors need, and refuses every other one.
/// https://github.com/python/cpython/blob/3.13/Lib/pickletools.py</remarks>
sealed class TensorPickle
{
    const string RebuildTensor = "torch._utils._rebuild_tensor_v2", RebuildParameter = "torch._utils._rebuild_parameter";
    const string OrderedDict = "collections.OrderedDict";
    const int BytesAnObject = 128; // this generous guess bounds what a hostile pickle can make this machine hold

    static readonly Dictionary<string, ScalarType> Storages = new()
    {
        ["torch.DoubleStorage"] = ScalarType.Float64,
        ["torch.FloatStorage"] = ScalarType.Float32,
        ["torch.HalfStorage"] = ScalarType.Float16,
        ["torch.BFloat16Storage"] = ScalarType.BFloat16,
        ["torch.LongStorage"] = ScalarType.Int64,
        ["torch.IntStorage"] = ScalarType.Int32,
        ["torch.ShortStorage"] = ScalarType.Int16,
        ["torch.CharStorage"] = ScalarType.Int8,
        ["torch.ByteStorage"] = ScalarType.Byte,
        ["torch.BoolStorage"] = ScalarType.Bool,
    };

    sealed record Global(string Name);
    sealed record PickledTuple(object?[] Items);
    sealed class PickledList { public List<object?> Items { get; } = []; }
    sealed class PickledDictionary { public Dictionary<string, object?> Items { get; } = []; }

    readonly byte[] _pickle;
    readonly Func<long, string, UserErrorException> _refuse;
    readonly List<object?> _stack = [];
    readonly List<int> _marks = [];
    readonly Dictionary<uint, object?> _memo = [];
    int _at, _instruction;
    long _budget;

    TensorPickle(byte[] pickle, long memoryBudget, Func<long, string, UserErrorException> refuse) =>
        (_pickle, _budget, _refuse) = (pickle, memoryBudget, refuse);

    /// <param name="memoryBudget">The bytes of memory that reading may take, roughly.</param>
    /// <param name="refuse">Makes the exception from a byte of the pickle and a reason.</param>
    public static Dictionary<string, PickledTensor> Read(byte[] pickle, long memoryBudget, Func<long, string, UserErrorException> refuse) =>
        new TensorPickle(pickle, memoryBudget, refuse).Run();

    Dictionary<string, PickledTensor> Run()
    {
        if (_pickle is not [0x80, 2, ..])
            throw Refuse(_pickle is [0x80, var protocol, ..]
                ? $"pickle protocol {protocol}; torch writes protocol 2" : "no pickle of protocol 2");
        _at = 2;
        while (true)
        {
            _instruction = _at;
            var code = Byte();
            if (code == '.') return Result();
            Execute(code);
        }
    }

    Dictionary<string, PickledTensor> Result()
    {
        if (_at != _pickle.Length) throw Refuse($"{_pickle.Length - _at} bytes follow the end of the pickle");
        if (_stack is not [PickledDictionary top] || _marks.Count > 0)
            throw Refuse("the pickle does not end with one dictionary of tensors");
        foreach (var (name, value) in top.Items)
            if (value is not PickledTensor)
                throw Refuse($"\"{name}\" is {Describe(value)}, expected a tensor; only a plain state dict is read");
        return top.Items.ToDictionary(item => item.Key, item => (PickledTensor)item.Value!);
    }

    void Execute(byte code)
    {
        switch ((char)code)
        {
            case '(': Charge(); _marks.Add(_stack.Count); break;
            case 'N': Push(null); break;
            case '\x88': Push(true); break;
            case '\x89': Push(false); break;
            case 'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case 'K': Push((long)Byte()); break;
            case 'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case '\x8a': Push(ReadLong(Byte())); break;
            case 'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;
            case 'X': Push(ReadText(U32())); break;
            case 'c': Push(ReadGlobal()); break;
            case '}': Push(new PickledDictionary()); break;
            case ']': Push(new PickledList()); break;
            case ')': Push(new PickledTuple([])); break;
            case 't': Push(new PickledTuple(PopToMark())); break;
            case '\x85': Push(new PickledTuple(Pop(1))); break;
            case '\x86': Push(new PickledTuple(Pop(2))); break;
            case '\x87': Push(new PickledTuple(Pop(3))); break;
            case 'a': Append(Pop(1)); break;
            case 'e': Append(PopToMark()); break;
            case 's': SetItems(Pop(2)); break;
            case 'u': SetItems(PopToMark()); break;
            case 'q': Memorize(Byte()); break;
            case 'r': Memorize(U32()); break;
            case 'h': Push(Recall(Byte())); break;
            case 'j': Push(Recall(U32())); break;
            case 'Q': Push(ToStorage(Pop(1)[0])); break;
            case 'R': Push(Reduce(Pop(2))); break;
            case 'b': Build(Pop(1)[0]); break;
            case 'i': throw RefuseGlobal(ReadGlobalName());
            default: throw Refuse($"the pickle instruction 0x{code:x2} is not one that tensors need");
        }
    }

    object Reduce(object?[] operands) => operands switch
    {
        [Global { Name: OrderedDict }, PickledTuple { Items: [] }] => new PickledDictionary(),
        [Global { Name: RebuildTensor }, PickledTuple
        {
            Items: [PickledStorage storage, long offset, PickledTuple shape, PickledTuple strides, bool, PickledDictionary, .. var rest]
        }] when rest.Length <= 1 => ToTensor(storage, offset, shape, strides),
        [Global { Name: RebuildParameter }, PickledTuple { Items: [PickledTensor tensor, bool, PickledDictionary] }] => tensor,
        [Global { Name: var name }, _] => throw Refuse($"{name} is called with arguments that make no tensor"),
        [var callee, _] => throw Refuse($"{Describe(callee)} is called"),
        _ => throw Refuse("nothing is called"),
    };

    PickledTensor ToTensor(PickledStorage storage, long offset, PickledTuple shape, PickledTuple strides)
    {
        var sizes = shape.Items.OfType<long>().ToArray();
        var steps = strides.Items.OfType<long>().ToArray();
        if (sizes.Length != shape.Items.Length || steps.Length != strides.Items.Length || sizes.Length != steps.Length || sizes.Length > 64)
            throw Refuse("a tensor needs as many strides as sizes, whole numbers, 64 at most");
        if (offset < 0 || sizes.Any(n => n < 0) || steps.Any(n => n < 0)) throw Refuse("a tensor with a negative offset, size or stride");
        return new PickledTensor(storage, offset, sizes, steps);
    }

    PickledStorage ToStorage(object? id)
    {
        if (id is not PickledTuple { Items: ["storage", Global { Name: var type }, string key, string, long count] }
            || !Storages.TryGetValue(type, out var element) || count < 0)
            throw Refuse("a persistent id that names no storage");
        return new PickledStorage(key, element, count);
    }

    /// <summary>Drops the attributes of an OrderedDict (a state dict's _metadata); nothing else may have any here.</summary>
    void Build(object? state)
    {
        if (_stack.Count == 0 || _stack[^1] is not PickledDictionary || state is not PickledDictionary)
            throw Refuse("only the attributes of a dictionary are expected");
    }

    void SetItems(object?[] items)
    {
        if (_stack.Count == 0 || _stack[^1] is not PickledDictionary target || items.Length % 2 != 0)
            throw Refuse("no dictionary to put pairs into");
        for (var i = 0; i < items.Length; i += 2)
        {
            Charge();
            if (items[i] is not string key) throw Refuse($"a dictionary key is {Describe(items[i])}, expected a string");
            if (!target.Items.TryAdd(key, items[i + 1])) throw Refuse($"the key \"{key}\" occurs twice");
        }
    }

    void Append(object?[] items)
    {
        if (_stack.Count == 0 || _stack[^1] is not PickledList target) throw Refuse("no list to append to");
        target.Items.AddRange(items);
    }

    Global ReadGlobal()
    {
        var name = ReadGlobalName();
        var isKnown = name is RebuildTensor or RebuildParameter or OrderedDict || Storages.ContainsKey(name);
        return isKnown ? new Global(name) : throw RefuseGlobal(name);
    }

    string ReadGlobalName() => $"{Line()}.{Line()}";

    UserErrorException RefuseGlobal(string name) => Refuse(IsTensorKind(name)
        ? $"the pickle asks for {name}, a kind of tensor that is not read here; get the model's safetensors" :
        $"the pickle asks for {name}, which no tensor needs; it was not run. Do not load this file with other programs " +
            "before you know why: it may run code. Get the model's safetensors");

    // What torch writes for float8, sparse and quantised tensors.
    static bool IsTensorKind(string name) => name.StartsWith("torch._utils._rebuild_", StringComparison.Ordinal)
        || (name.StartsWith("torch.", StringComparison.Ordinal) && name.EndsWith("Storage", StringComparison.Ordinal));

    string Line()
    {
        var length = _pickle.AsSpan(_at).IndexOf((byte)'\n');
        if (length is < 0 or > 256) throw Refuse("a name without end");
        var line = Text(_pickle.AsSpan(_at, length));
        _at += length + 1;
        return line;
    }

    string ReadText(uint bytes)
    {
        Charge(2L * bytes);
        return Text(Take(bytes));
    }

    string Text(ReadOnlySpan<byte> bytes) =>
        System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw Refuse("a text that is not UTF-8");

    long ReadLong(int bytes)
    {
        if (bytes > 8) throw Refuse($"a number of {bytes} bytes");
        var value = 0L;
        var digits = Take((uint)bytes);
        for (var i = bytes - 1; i >= 0; i--) value = i == bytes - 1 ? (sbyte)digits[i] : value << 8 | digits[i]; // little-endian, signed
        return value;
    }

    void Memorize(uint index)
    {
        Charge();
        if (_stack.Count == 0) throw Refuse("nothing to memorize");
        _memo[index] = _stack[^1];
    }

    object? Recall(uint index) => _memo.TryGetValue(index, out var value) ? value : throw Refuse($"number {index} was not memorized");

    void Push(object? value)
    {
        Charge();
        _stack.Add(value);
    }

    object?[] Pop(int count)
    {
        var bottom = _marks.Count > 0 ? _marks[^1] : 0;
        if (_stack.Count - bottom < count) throw Refuse("the pickle takes more from its stack than is there");
        return CutStack(_stack.Count - count);
    }

    object?[] PopToMark()
    {
        if (_marks.Count == 0) throw Refuse("no mark on the stack");
        var mark = _marks[^1];
        _marks.RemoveAt(_marks.Count - 1);
        return CutStack(mark);
    }

    object?[] CutStack(int from)
    {
        var items = _stack.GetRange(from, _stack.Count - from).ToArray();
        _stack.RemoveRange(from, items.Length);
        return items;
    }

    byte Byte() => Take(1)[0];

    uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    ReadOnlySpan<byte> Take(uint bytes)
    {
        if (bytes > _pickle.Length - _at) throw Refuse("the pickle ends inside an instruction");
        _at += (int)bytes;
        return _pickle.AsSpan(_at - (int)bytes, (int)bytes);
    }

    void Charge(long bytes = 0)
    {
        if ((_budget -= BytesAnObject + bytes) < 0) throw Refuse("the pickle asks for more memory than its file has bytes");
    }

    UserErrorException Refuse(string reason) => _refuse(_instruction, reason);

    static string Describe(object? value) => value switch
    {
        null => "None",
        PickledTensor => "a tensor",
        PickledStorage => "a storage",
        PickledDictionary => "a dictionary",
        PickledList => "a list",
        PickledTuple => "a tuple",
        Global global => global.Name,
        string => "a string",
        _ => "a number",
    };
}
