using System;
using System.Reflection;
using UnityEngine;

namespace TurnServer.Client.Conformance
{
    /// <summary>
    /// Plays the package's sample, and prints what it logs. When Ann has received half of the numbers, her app is
    /// paused and ended, and starts again.
    /// </summary>
    internal sealed class Sample
    {
        private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(4);

        private readonly string _url;
        private CountingPlayer _ann;
        private bool _isRestarted;
        private int _over;

        public Sample(string url) => _url = url;

        public void Run()
        {
            PlayerLoop.Begin();
            Debug.Logged += Note;
            _ann = Create("Ann");
            Create("Bob");
            while (_over < 2)
                PlayerLoop.RunFrame(Frame);
            Client.Print("over");
        }

        private CountingPlayer Create(string name)
        {
            var player = new GameObject(name).AddComponent<CountingPlayer>();
            typeof(CountingPlayer).GetField("_url", BindingFlags.Instance | BindingFlags.NonPublic)
                .SetValue(player, _url);
            return player;
        }

        private void Note(string line)
        {
            Client.Print("log", Client.Encode(line));
            if (!_isRestarted && line.StartsWith("Ann: receives 1", StringComparison.Ordinal) && line.Length > 15)
            {
                _isRestarted = true;
                PlayerLoop.Post(Restart);
            }

            if (!line.Contains("receives") && !line.Contains("plays with"))
                _over++;
        }

        private void Restart()
        {
            PlayerLoop.Tell(_ann, "OnApplicationPause", true);
            UnityEngine.Object.DestroyImmediate(_ann);
            Client.Print("log", "restarted");
            _ann = Create("Ann");
        }
    }
}
