using System.Text;

namespace TurnServer.Tests.Support;

/// <summary>
/// Text that can represent any bytes: a lone surrogate U+DC80 to U+DCFF is the raw byte 80 to FF, as in Python's
/// surrogateescape.
/// </summary>
internal static class WireText
{
    public static byte[] ToBytes(string text)
    {
        var bytes = new List<byte>(text.Length);
        Span<byte> utf8 = stackalloc byte[4];
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is >= '\uDC80' and <= '\uDCFF' && (i == 0 || !char.IsHighSurrogate(text[i - 1])))
            {
                bytes.Add((byte)text[i]);
                continue;
            }

            if (!Rune.TryGetRuneAt(text, i, out var rune))
                throw new FormatException($"Invalid surrogate at {i} of: {text}");
            bytes.AddRange(utf8[..rune.EncodeToUtf8(utf8)]);
            i += rune.Utf16SequenceLength - 1;
        }

        return [.. bytes];
    }

    public static string Of(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    /// <summary>Decodes a JSON string literal including its quotes; keeps lone surrogates.</summary>
    public static string OfJsonString(string raw)
    {
        var text = new StringBuilder(raw.Length);
        for (var i = 1; i < raw.Length - 1; i++)
        {
            if (raw[i] != '\\')
            {
                text.Append(raw[i]);
                continue;
            }

            i++;
            if (raw[i] == 'u')
            {
                text.Append((char)Convert.ToUInt16(raw.Substring(i + 1, 4), 16));
                i += 4;
                continue;
            }

            text.Append(raw[i] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', var c => c });
        }

        return text.ToString();
    }
}
