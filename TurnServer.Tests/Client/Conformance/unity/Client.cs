using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;

namespace TurnServer.Client.Conformance
{
    /// <summary>The test program of the Unity client: see ../README.md.</summary>
    internal static class Client
    {
        private static readonly UTF8Encoding Utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        private static readonly StreamWriter Output = new StreamWriter(Console.OpenStandardOutput(), Utf8);

        public static int Main(string[] arguments)
        {
            var input = new StreamReader(Console.OpenStandardInput(), Utf8, false, 1 << 16);
            switch (arguments[0])
            {
                case "vectors":
                    new Vectors().Run(input);
                    break;
                case "sample":
                    new Sample(input.ReadLine()).Run();
                    break;
                default:
                    new Play().Run(input);
                    break;
            }

            return 0;
        }

        public static void Print(params string[] fields)
        {
            Output.Write(string.Join(" ", fields) + "\n");
            Output.Flush();
        }

        public static string Encode(string text)
        {
            if (text.Length == 0)
                return "-";
            if (text == "-")
                return "%2D";
            var field = new StringBuilder();
            foreach (var c in text)
            {
                if (c <= ' ' || c == '%' || c == '\u007f')
                    field.Append('%').Append(((int)c).ToString("X2", CultureInfo.InvariantCulture));
                else
                    field.Append(c);
            }

            return field.ToString();
        }

        public static string Decode(string field)
        {
            if (field == "-")
                return "";
            var text = new StringBuilder();
            for (var i = 0; i < field.Length; i++)
            {
                if (field[i] != '%')
                {
                    text.Append(field[i]);
                    continue;
                }

                text.Append((char)Convert.ToInt32(field.Substring(i + 1, 2), 16));
                i += 2;
            }

            return text.ToString();
        }

        public static string EncodeList(IEnumerable<string> turns)
        {
            var fields = turns.Select(Encode).ToList();
            return fields.Count == 0 ? "-" : string.Join("|", fields);
        }

        public static List<string> DecodeList(string field) =>
            field == "-" ? new List<string>() : field.Split('|').Select(Decode).ToList();

        public static TimeSpan Seconds(string field) =>
            TimeSpan.FromSeconds(double.Parse(field, CultureInfo.InvariantCulture));
    }
}
