using System.Net;
using System.Net.Sockets;
using System.Text;
using TurnServer.Bench;
using TurnServer.Bench.Client;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Bench;

/// <summary>The driver accepts only the right replies, as measurements of wrong ones would be worthless.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class DriverTests
{
    private const string Turn0 = "turn 0000000000000 d";
    private const string Turn1 = "turn 0000000000001 d";
    private const string NoData = "0/10/*";

    private static readonly PlayedSeat Seat = new("4503599627370496", '0');

    [TestCase("0/11/*")]
    [TestCase("0/9/")]
    [TestCase("0/9/" + Turn1)]
    [TestCase("0/9/" + Turn0 + "|" + Turn0)]
    [TestCase("0/9/" + Turn0 + "x")]
    [TestCase("0/9/" + Turn0 + "|")]
    public void UpdatePlay_WrongReply_FailsTheRun(string reply)
    {
        using var server = new ScriptedServer(Reply(reply));
        Assert.That(() => Drive(server.Port, seat => new UpdatePlay(seat)),
            Throws.TypeOf<BenchException>().With.Message.Contains(reply));
    }

    [TestCase("0/10/x")]
    [TestCase("0/10/**")]
    [TestCase("0/9/" + Turn0)]
    public void BarePlay_WrongReply_FailsTheRun(string reply)
    {
        using var server = new ScriptedServer(Reply(reply));
        Assert.That(() => Drive(server.Port, seat => new BarePlay(seat)),
            Throws.TypeOf<BenchException>().With.Message.Contains(reply));
    }

    [TestCase("HTTP/1.1 400 Bad Request\r\nContent-Length: 6\r\n\r\n" + NoData, "not of status 200")]
    [TestCase("HTTP/1.1 200 OK\r\n\r\n" + NoData, "no Content-Length")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n" + NoData + "HTTP", "more came than one reply")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" + NoData, "closed a connection")]
    [TestCase("", "closed a connection")]
    public void Read_AnythingButOneCompleteReplyOf200_FailsTheRun(string bytes, string fault)
    {
        using var server = new ScriptedServer(bytes);
        Assert.That(() => Drive(server.Port, seat => new BarePlay(seat)),
            Throws.TypeOf<BenchException>().With.Message.Contains(fault));
    }

    [Test]
    public void ReadTurns_TurnsInOrder_ReturnsTheirNumber()
    {
        using var server = new ScriptedServer(Reply($"0/9/{Turn0}|{Turn1}"), Reply(NoData));
        using var seat = new DrivenSeat(server.Port, Seat);
        seat.SendTurn();
        Assert.That(seat.ReadTurns(), Is.EqualTo(2));
        seat.SendTurn();
        Assert.That((seat.ReadTurns(), seat.LastCounter), Is.EqualTo((0, 1)));
        Assert.That(server.Received, Does.Contain($"\r\n\r\n6,{Turn0},{Seat},0").And.EndWith($"6,{Turn1},{Seat},1"));
    }

    [Test]
    public void Send_AfterConnectionClose_ConnectsAgain()
    {
        var closing = Reply(NoData, "Connection: close\r\n");
        using var server = new ScriptedServer(closing, closing);
        using var seat = new DrivenSeat(server.Port, Seat);
        for (var i = 0; i < 2; i++)
        {
            seat.SendTurn();
            seat.ReadNoData();
        }

        Assert.That(server.Accepted, Is.EqualTo(2));
    }

    [Test]
    public void HeldTurnPlay_ReplyThatWasNotHeld_FailsTheRun()
    {
        // The first reply may be so, the second not.
        using var server = new ScriptedServer(Enumerable.Repeat(Reply($"0/9/{Turn0}"), 3).ToArray());
        using var one = new DrivenSeat(server.Port, Seat);
        using var other = new DrivenSeat(server.Port, Seat);
        Assert.That(() => Driver.Run([new HeldTurnPlay(one, other)], TimeSpan.FromSeconds(1)),
            Throws.TypeOf<BenchException>().With.Message.Contains("was not held"));
    }

    private static string Reply(string body, string header = "") =>
        $"HTTP/1.1 200 OK\r\n{header}Content-Length: {body.Length}\r\n\r\n{body}";

    private static void Drive(int port, Func<DrivenSeat, Play> play)
    {
        using var seat = new DrivenSeat(port, Seat);
        // The fault ends it long before.
        Driver.Run([play(seat)], TestWait.Timeout);
    }

    /// <summary>Answers each request with the next scripted reply, then closes.</summary>
    private sealed class ScriptedServer : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly StringBuilder _received = new();
        private readonly Queue<string> _replies;

        public ScriptedServer(params string[] replies)
        {
            _replies = new Queue<string>(replies);
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _listener.Listen();
            OnThread(Serve);
        }

        public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

        /// <summary>Number of accepted connections.</summary>
        public int Accepted { get; private set; }

        /// <summary>All requests that have been read.</summary>
        public string Received
        {
            get
            {
                lock (_received)
                    return _received.ToString();
            }
        }

        public void Dispose() => _listener.Dispose();

        private static void OnThread(Action action) => new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test has ended.
            }
        })
        { IsBackground = true }.Start();

        private void Serve()
        {
            while (true)
            {
                var socket = _listener.Accept();
                Accepted++;
                OnThread(() => Answer(socket));
            }
        }

        private void Answer(Socket socket)
        {
            using (socket)
            {
                var buffer = new byte[1024];
                for (int count; (count = socket.Receive(buffer)) > 0;)
                {
                    lock (_received)
                        _received.Append(Encoding.UTF8.GetString(buffer, 0, count));
                    string? reply;
                    lock (_replies)
                        _replies.TryDequeue(out reply);
                    if (string.IsNullOrEmpty(reply))
                        return;
                    socket.Send(Encoding.UTF8.GetBytes(reply));
                    if (reply.Contains("Content-Length: 7", StringComparison.Ordinal))
                        return;
                }
            }
        }
    }
}
