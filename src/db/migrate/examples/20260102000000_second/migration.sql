create table two (a int);
