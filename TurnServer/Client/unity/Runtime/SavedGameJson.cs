using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace TurnServer.Client
{
    /// <summary>
    /// As much JSON as a saved game has: an object of texts, whole numbers, true, false, and lists of texts.
    /// </summary>
    internal sealed class SavedGameJson
    {
        private const string EscapeLetters = "\"\\/bfnrt";
        private const string Escaped = "\"\\/\b\f\n\r\t";
        private const int HexDigits = 4;

        private readonly string _text;
        private int _at;

        private SavedGameJson(string text) => _text = text;

        /// <summary>The exception for a text that is no saved game.</summary>
        public static FormatException Fault(string what) => new FormatException($"this is not a saved game: {what}");

        /// <summary>Reads an object: its values are string, long, bool or List&lt;string&gt;.</summary>
        /// <exception cref="FormatException">It is something else.</exception>
        public static Dictionary<string, object> Read(string text)
        {
            var json = new SavedGameJson(text ?? "");
            var values = new Dictionary<string, object>();
            json.Expect('{');
            do
            {
                var name = json.ReadText();
                json.Expect(':');
                if (values.ContainsKey(name))
                    throw json.Unexpected();
                values.Add(name, json.ReadValue());
            }
            while (json.Skip(','));
            json.Expect('}');
            return json.Peek() == '\0' && json._at == json._text.Length ? values : throw json.Unexpected();
        }

        public static void Write(StringBuilder json, string text)
        {
            json.Append('"');
            foreach (var c in text)
            {
                if (c == '"' || c == '\\')
                    json.Append('\\').Append(c);
                else if (c < ' ' || c == '\u007f' || c == '\u2028' || c == '\u2029')
                    json.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                else
                    json.Append(c);
            }

            json.Append('"');
        }

        public static void Write(StringBuilder json, IReadOnlyList<string> texts)
        {
            json.Append('[');
            for (var i = 0; i < texts.Count; i++)
            {
                if (i > 0)
                    json.Append(',');
                Write(json, texts[i]);
            }

            json.Append(']');
        }

        private object ReadValue()
        {
            switch (Peek())
            {
                case '"':
                    return ReadText();
                case '[':
                    return ReadList();
                case 't':
                    return ReadWord("true");
                case 'f':
                    return !ReadWord("false");
                default:
                    return ReadNumber();
            }
        }

        private bool ReadWord(string word)
        {
            if (string.CompareOrdinal(_text, _at, word, 0, word.Length) != 0)
                throw Unexpected();
            _at += word.Length;
            return true;
        }

        private long ReadNumber()
        {
            var start = _at;
            while (_at < _text.Length && (_text[_at] == '-' || (_text[_at] >= '0' && _text[_at] <= '9')))
                _at++;
            return long.TryParse(_text.Substring(start, _at - start), NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture, out var number) ? number : throw Unexpected();
        }

        private List<string> ReadList()
        {
            var texts = new List<string>();
            Expect('[');
            if (Skip(']'))
                return texts;
            do
                texts.Add(ReadText());
            while (Skip(','));
            Expect(']');
            return texts;
        }

        private string ReadText()
        {
            var value = new StringBuilder();
            Expect('"');
            for (char c; (c = Take()) != '"';)
            {
                if (c < ' ')
                    throw Unexpected();
                value.Append(c == '\\' ? ReadEscape() : c);
            }

            return value.ToString();
        }

        private char ReadEscape()
        {
            var c = Take();
            var index = EscapeLetters.IndexOf(c);
            if (index >= 0)
                return Escaped[index];
            if (c != 'u' || _at + HexDigits > _text.Length || !ushort.TryParse(_text.Substring(_at, HexDigits),
                NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
                throw Unexpected();
            _at += HexDigits;
            return (char)code;
        }

        private char Take() => _at < _text.Length ? _text[_at++] : throw Unexpected();

        // The next character that is no white space; it is not taken.
        private char Peek()
        {
            while (_at < _text.Length && " \t\r\n".IndexOf(_text[_at]) >= 0)
                _at++;
            return _at < _text.Length ? _text[_at] : '\0';
        }

        private bool Skip(char c)
        {
            if (Peek() != c)
                return false;
            _at++;
            return true;
        }

        private void Expect(char c)
        {
            if (!Skip(c))
                throw Unexpected();
        }

        private FormatException Unexpected() => Fault($"unexpected text at character {_at + 1}");
    }
}
