namespace FinIntent.Text;

/// <summary>Writes one U+FFFD for each invalid byte, where .NET writes one for a whole truncated sequence.</summary>
sealed class ReplaceEachByte : DecoderFallback
{
    public override int MaxCharCount => 3;
    public override DecoderFallbackBuffer CreateFallbackBuffer() => new Buffer();

    sealed class Buffer : DecoderFallbackBuffer
    {
        int _count, _given;

        public override int Remaining => _count - _given;

        public override bool Fallback(byte[] bytesUnknown, int index)
        {
            (_count, _given) = (bytesUnknown.Length, 0);
            return true;
        }

        public override char GetNextChar() => _given < _count && ++_given > 0 ? '\uFFFD' : '\0';
        public override bool MovePrevious() => _given > 0 && --_given >= 0;
        public override void Reset() => (_count, _given) = (0, 0);
    }
}
