using System.Buffers;
using System.Globalization;
using System.Text;

namespace TurnServer.Cli;

/// <summary>
/// Writes untrusted text to a terminal. Line feeds and tabs stay; other control and format characters are escaped, such
/// as <c>\x1b</c> or <c>\u202e</c>, and bytes that are not UTF-8 become <c>\xHH</c>.
/// </summary>
internal sealed class TerminalStream(Stream terminal) : WriteOnlyStream
{
    // These join emoji and letters of several scripts, and move nothing.
    private static readonly Rune ZeroWidthNonJoiner = new(0x200C);
    private static readonly Rune ZeroWidthJoiner = new(0x200D);

    private readonly ArrayBufferWriter<byte> _text = new();

    // The first bytes of a character whose rest has not been written.
    private byte[] _partial = [];

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Escape(buffer);
        terminal.Write(_text.WrittenSpan);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Escape(buffer.Span);
        return terminal.WriteAsync(_text.WrittenMemory, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => terminal.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => terminal.FlushAsync(cancellationToken);

    private void Escape(ReadOnlySpan<byte> buffer)
    {
        _text.ResetWrittenCount();
        var text = _partial.Length == 0 ? buffer : [.. _partial, .. buffer];
        _partial = [];
        while (!text.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(text, out var rune, out var length);
            if (status == OperationStatus.NeedMoreData)
            {
                _partial = text.ToArray();
                return;
            }

            if (status == OperationStatus.Done)
                Append(rune, text[..length]);
            else
                AppendBytes(text[..length]);
            text = text[length..];
        }
    }

    private void Append(Rune rune, ReadOnlySpan<byte> bytes)
    {
        if (rune.Value is '\n' or '\t' || rune == ZeroWidthJoiner || rune == ZeroWidthNonJoiner
            || TerminalText.IsShown(rune))
        {
            _text.Write(bytes);
        }
        else
        {
            Append(rune.Value switch
            {
                <= 0xFF => string.Create(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                <= 0xFFFF => string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
                _ => string.Create(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
            });
        }
    }

    private void AppendBytes(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
            Append(string.Create(CultureInfo.InvariantCulture, $"\\x{value:x2}"));
    }

    private void Append(string ascii) => Encoding.ASCII.GetBytes(ascii, _text);
}
