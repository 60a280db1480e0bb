# The database, and a door to it for those who speak HTTP.
postgres -D /data/cluster -k /tmp -c listen_addresses=localhost &
exec perl /srv/door.pl
