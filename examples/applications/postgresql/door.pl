use strict;
use warnings;
use IO::Socket::INET;

# Answers with what psql says: that rows are kept, by several processes that share memory.
my $server = IO::Socket::INET->new(LocalPort => 8080, Listen => 16, ReuseAddr => 1) or die "8080: $!";
while (my $client = $server->accept) {
  while (my $line = <$client>) { last if $line =~ /^\r?$/ }
  my $query = 'SET client_min_messages = warning; CREATE TABLE IF NOT EXISTS notes (text TEXT); INSERT INTO notes VALUES (repeat(\'x\', 10000));'
    . ' SELECT count(*) || \' rows, workers \' || current_setting(\'max_parallel_workers\') FROM notes';
  my $said = qx(psql --host localhost --username keeper --dbname postgres --quiet --tuples-only --no-align --command "$query" 2>&1);
  my $status = $? == 0 ? '200 OK' : '500 Failed';
  print $client "HTTP/1.0 $status\r\nContent-Length: ", length($said), "\r\n\r\n$said";
  close $client;
}
