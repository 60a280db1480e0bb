use strict;
use warnings;
use Fcntl ':flock';
use File::Temp;
use POSIX;

# Processes that are made beforehand, a lock, a pipe and a locale.
sub {
  my $file = File::Temp->new;
  flock $file, LOCK_EX or die $!;
  open my $pipe, '-|', 'echo by a pipe' or die $!;
  chomp(my $said = <$pipe>);
  my $locale = POSIX::setlocale(POSIX::LC_ALL, 'C.UTF-8') // 'none';
  return [200, ['Content-Type' => 'text/plain'], ["$said, $locale, user " . (getpwuid $>)[0] . "\n"]];
};
